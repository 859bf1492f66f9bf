//! The letters of the text form: quoting, a scanner over one line, and what is wrong with it.

use std::fmt;

pub use crate::spelling::Spelled;

/// Appends `bytes` between quotes. Printable characters stand as they are, the rest as `\n`,
/// `\t`, `\"`, `\\`, `\u{…}`, or `\xNN` for a byte that is not UTF-8.
pub fn quote(bytes: &[u8], out: &mut String) {
    out.push('"');
    for part in bytes.utf8_chunks() {
        for c in part.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                c if is_plain(c) => out.push(c),
                c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            }
        }
        for byte in part.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
}

/// Whether a character can be shown as it is: no control character, nothing that reorders,
/// hides or splits the text around it.
pub fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A position in one line of the text form.
#[derive(Clone, Debug)]
pub struct Scan<'t> {
    line: &'t str,
    at: usize,
    number: usize,
}

impl<'t> Scan<'t> {
    /// Starts at the beginning of `line`, whose number is `number`.
    pub fn new(line: &'t str, number: usize) -> Self {
        Self { line, at: 0, number }
    }

    fn rest(&self) -> &'t str {
        &self.line[self.at..]
    }

    /// The error that `expected` should stand here.
    pub fn error(&self, expected: impl Into<String>) -> TextError {
        let column = self.line[..self.at].chars().count() + 1;
        let found = self.rest().chars().take(24).collect();
        TextError { line: self.number, column, expected: expected.into(), found }
    }

    /// Passes over spaces.
    pub fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    /// Whether only spaces or a comment are left.
    pub fn at_end(&mut self) -> bool {
        self.spaces();
        self.rest().is_empty() || self.rest().starts_with('#')
    }

    /// Passes over `token` if it stands here.
    pub fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Passes over `token`, which must stand here.
    pub fn expect(&mut self, token: &str) -> Result<(), TextError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(format!("`{token}`"))) }
    }

    /// Passes over one space or more and then `name=`.
    pub fn key(&mut self, name: &str) -> Result<(), TextError> {
        if !self.rest().starts_with(' ') {
            return Err(self.error(format!("` {name}=`")));
        }
        self.spaces();
        let mut ahead = self.clone();
        if ahead.eat(name) && ahead.eat("=") {
            *self = ahead;
            return Ok(());
        }
        Err(self.error(format!("`{name}=`")))
    }

    /// Letters, digits, `-` and `_`.
    pub fn word(&mut self) -> Result<&'t str, TextError> {
        let end = self
            .rest()
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
            .unwrap_or(self.rest().len());
        if end == 0 {
            return Err(self.error("a word"));
        }
        let word = &self.rest()[..end];
        self.at += end;
        Ok(word)
    }

    /// An integer of type `T`, in decimal.
    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T, TextError> {
        let start = self.clone();
        let end = self
            .rest()
            .find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c))
            .unwrap_or(self.rest().len());
        let digits = &self.rest()[..end];
        let value = (!digits.starts_with('+')).then(|| digits.parse().ok()).flatten();
        let value = value.ok_or_else(|| {
            start.error(format!("a number that fits `{}`", std::any::type_name::<T>()))
        })?;
        self.at += end;
        Ok(value)
    }

    /// An even number of hexadecimal digits, possibly none.
    pub fn hex(&mut self) -> Result<Vec<u8>, TextError> {
        let mut bytes = Vec::new();
        loop {
            let digits = self.rest().as_bytes();
            let digit = |i: usize| digits.get(i).and_then(|b| char::from(*b).to_digit(16));
            match (digit(0), digit(1)) {
                (Some(high), Some(low)) => bytes.push((high << 4 | low) as u8),
                (None, _) => return Ok(bytes),
                (Some(_), None) => return Err(self.error("two hexadecimal digits")),
            }
            self.at += 2;
        }
    }

    /// What [`quote`] wrote.
    pub fn quoted(&mut self) -> Result<Vec<u8>, TextError> {
        self.expect("\"")?;
        let mut bytes = Vec::new();
        loop {
            let start = self.clone();
            let Some(c) = self.next_char() else {
                return Err(start.error("`\"` at the end of the string"));
            };
            match c {
                '"' => return Ok(bytes),
                '\\' => self.escape(&start, &mut bytes)?,
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    fn escape(&mut self, start: &Self, bytes: &mut Vec<u8>) -> Result<(), TextError> {
        let bad = || start.error("an escape: \\n \\t \\\" \\\\ \\xNN \\u{N}");
        match self.next_char() {
            Some('n') => bytes.push(b'\n'),
            Some('t') => bytes.push(b'\t'),
            Some(c @ ('"' | '\\')) => bytes.push(c as u8),
            Some('x') => {
                let digits = self.rest().get(..2).ok_or_else(bad)?;
                bytes.push(hex_number(digits).ok_or_else(bad)? as u8);
                self.at += 2;
            }
            Some('u') => {
                self.expect("{")?;
                let end = self.rest().find('}').ok_or_else(bad)?;
                let code = hex_number(&self.rest()[..end]).ok_or_else(bad)?;
                let c = char::from_u32(code).ok_or_else(bad)?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                self.at += end + 1;
            }
            _ => return Err(bad()),
        }
        Ok(())
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }
}

fn hex_number(digits: &str) -> Option<u32> {
    // `from_str_radix` would take a sign as well.
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Why a line is not of the text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// What should stand there.
    pub expected: String,
    /// What stands there: the rest of the line, cut to a readable length.
    pub found: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, expected, found } = self;
        if found.is_empty() {
            write!(
                f,
                "line {line}, column {column}: expected {expected}, found the end of the line"
            )
        } else {
            write!(f, "line {line}, column {column}: expected {expected}, found {found:?}")
        }
    }
}

impl std::error::Error for TextError {}
