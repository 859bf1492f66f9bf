//! Where an expression ends: at the comma behind it.
//!
//! The compiler parses expressions, and tells what is wrong with them. Here they are tokens, of which
//! those in brackets are one each. Two things have commas in no such brackets, and are passed over: the
//! parameters of a closure, and what is between `<` and `>` where neither can be an operator.
//!
//! To have syn parse them would take its largest feature, and whoever builds a program with
//! annotations would wait for syn twice as long.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::parse::ParseStream;
use syn::{Result, Token};

/// The tokens up to the comma that ends the expression, or to the end.
pub(crate) fn parse(input: ParseStream) -> Result<TokenStream> {
    let mut expression = Expression::default();
    while !(input.is_empty() || expression.inside.is_none() && input.peek(Token![,])) {
        expression.push(input.parse()?);
    }
    Ok(expression.tokens.into_iter().collect())
}

/// The beginning of an expression.
#[derive(Default)]
struct Expression {
    tokens: Vec<TokenTree>,
    /// What was opened and not closed.
    inside: Option<Inside>,
}

/// What has commas of its own.
enum Inside {
    /// The parameters of a closure, up to the second `|`.
    Parameters,
    /// So many `<` without their `>`.
    Angles(usize),
}

impl Expression {
    fn push(&mut self, token: TokenTree) {
        let punct = if let TokenTree::Punct(punct) = &token { punct.as_char() } else { ' ' };
        self.inside = match (self.inside.take(), punct) {
            (None, '|') if self.wants_operand() => Some(Inside::Parameters),
            (None, '<') if self.wants_operand() => Some(Inside::Angles(1)),
            (Some(Inside::Parameters), '|') => None,
            (Some(Inside::Angles(open)), '<') => Some(Inside::Angles(open + 1)),
            // An arrow closes nothing.
            (Some(Inside::Angles(open)), '>') if self.joint() != Some('-') => {
                (open > 1).then(|| Inside::Angles(open - 1))
            }
            (inside, _) => inside,
        };
        self.tokens.push(token);
    }

    /// Whether what is there cannot be followed by an operator with two sides.
    fn wants_operand(&self) -> bool {
        match self.tokens.last() {
            None => true,
            // The second half of `||` and `<<`.
            Some(TokenTree::Punct(_)) if matches!(self.joint(), Some('|' | '<')) => false,
            Some(TokenTree::Punct(punct)) => punct.as_char() != '?',
            Some(TokenTree::Ident(word)) => word == "move" || word == "async",
            Some(_) => false,
        }
    }

    /// The last token, if it is half of an operator.
    fn joint(&self) -> Option<char> {
        match self.tokens.last() {
            Some(TokenTree::Punct(punct)) if punct.spacing() == Spacing::Joint => {
                Some(punct.as_char())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use syn::parse::Parser;

    use super::*;

    /// What is between the commas that end expressions.
    fn expressions(source: &str) -> Vec<String> {
        let split = |input: ParseStream| {
            let mut all = Vec::new();
            while !input.is_empty() {
                all.push(parse(input)?.to_string());
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(all)
        };
        split.parse2(TokenStream::from_str(source).expect("tokens")).expect("a list")
    }

    #[test]
    fn an_expression_ends_at_its_comma() {
        let all = [
            "1",
            "a.b(c, d)[e, f]",
            "if a { b } else { c }",
            "match a { b => c, d => e }",
            "vec![1, 2]",
            "-a?",
            // Operators.
            "a < b",
            "a? < b",
            "a > b",
            "a << b",
            "a <<= b",
            "a >> b",
            "a | b",
            "a || b",
            "f() < -g() || h[0] | 1 << 2 > 3",
            "{ a } < b",
            "a as u8 | b",
            // Closures.
            "|a, b| a + b",
            "|| a",
            "move |a: &'static str, (b, c): (u8, u8)| a",
            "f(x) + &|a, b| a < b",
            "a || (|b, c| b)(1, 2)",
            // Generics.
            "f::<A, B, C>()",
            "a.collect::<HashMap<A, Vec<B>>>() < b",
            "<A as B<C, D>>::e(f)",
            "<<A as B>::C as D<E, F>>::g",
            "!<A as B<C, D>>::e",
            "a < <A as B<C, D>>::e",
            "1 << <A as B<C, D>>::e",
            "f::<fn(A) -> B, C>(d)",
            "f::<A, { 1 > 2 }>(d)",
        ];
        let dense = |source: &str| source.split_whitespace().collect::<String>();
        let found: Vec<String> = expressions(&all.join(", ")).iter().map(|e| dense(e)).collect();
        assert_eq!(found, all.map(dense));
    }
}
