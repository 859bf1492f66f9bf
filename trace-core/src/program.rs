//! What the header tells about the program. Whatever cannot be found out is left empty.

use std::ffi::OsString;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Read;
use std::path::Path;

/// The path of the executable.
pub(crate) fn executable() -> String {
    std::env::current_exe().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What the executable is called, without its directory and its extension.
pub(crate) fn name() -> OsString {
    let path = std::env::current_exe().ok();
    let name = path.as_deref().and_then(Path::file_stem);
    name.unwrap_or("program".as_ref()).to_owned()
}

/// The command line, with a space between arguments.
pub(crate) fn command_line() -> String {
    let args: Vec<_> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    args.join(" ")
}

/// The name of the machine.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim_end().to_owned())
        .or_else(|_| std::env::var("HOSTNAME"))
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .unwrap_or_default()
}

/// How many threads the program has; 0 when that is not known.
pub(crate) fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// A number that no other session has.
pub(crate) fn random() -> u64 {
    // The standard library's hasher is keyed by the operating system's random numbers.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(crate::clock::wall_ns());
    hasher.finish()
}

/// The build id that the linker put into the executable, in hexadecimal.
pub(crate) fn build_id() -> String {
    std::env::current_exe().ok().and_then(|path| read_build_id(&path)).unwrap_or_default()
}

/// The notes of an ELF file are near its beginning, behind the program headers.
const LOOK_AT_BYTES: u64 = 64 << 10;

fn read_build_id(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    File::open(path).ok()?.take(LOOK_AT_BYTES).read_to_end(&mut start).ok()?;
    let elf = Elf(&start);
    if !start.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (headers, size, count) = (elf.word(32, 8)?, elf.word(54, 2)?, elf.word(56, 2)?);
    for i in 0..count {
        let at = headers.checked_add(i.checked_mul(size)?)?;
        const PT_NOTE: usize = 4;
        if elf.word(at, 4)? == PT_NOTE {
            let (offset, len) =
                (elf.word(at.checked_add(8)?, 8)?, elf.word(at.checked_add(32)?, 8)?);
            if let Some(id) = elf.find_build_id(offset, offset.checked_add(len)?) {
                return Some(id.iter().map(|byte| format!("{byte:02x}")).collect());
            }
        }
    }
    None
}

/// The beginning of a 64-bit little-endian ELF file.
struct Elf<'a>(&'a [u8]);

impl<'a> Elf<'a> {
    fn word(&self, at: usize, len: usize) -> Option<usize> {
        let mut word = [0; 8];
        word[..len].copy_from_slice(self.0.get(at..at.checked_add(len)?)?);
        usize::try_from(u64::from_le_bytes(word)).ok()
    }

    /// A note is the lengths of its name and its content, its type, and both, padded to 4 bytes.
    fn find_build_id(&self, mut at: usize, end: usize) -> Option<&'a [u8]> {
        const NT_GNU_BUILD_ID: usize = 3;
        while at < end {
            let (name_len, len) = (self.word(at, 4)?, self.word(at.checked_add(4)?, 4)?);
            let name = at.checked_add(12)?;
            let content = name.checked_add(name_len)?.checked_next_multiple_of(4)?;
            let content_end = content.checked_add(len)?;
            if self.word(at + 8, 4)? == NT_GNU_BUILD_ID && self.0.get(name..name + 4)? == b"GNU\0" {
                return self.0.get(content..content_end);
            }
            at = content_end.checked_next_multiple_of(4)?;
        }
        None
    }
}
