//! The responses, one function for each kind.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use crate::Body;

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    new(status, Body::of_text(""))
}

/// A response that says something to a person.
pub(crate) fn text(status: StatusCode, text: String) -> Response<Body> {
    let mut response = new(status, Body::of_text(text));
    set(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

/// That only `GET` is answered.
pub(crate) fn wrong_method(found: &http::Method) -> Response<Body> {
    let message = format!("expected the method GET, found {found}; use GET\n");
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, message);
    set(&mut response, ALLOW, "GET");
    response
}

pub(crate) fn json(value: &serde_json::Value) -> Response<Body> {
    let mut response = new(StatusCode::OK, Body::of_text(format!("{value:#}\n")));
    set(&mut response, CONTENT_TYPE, "application/json");
    response
}

/// A trace, whose file name says what `kind` it is of.
pub(crate) fn trace(body: Body, kind: &str) -> Response<Body> {
    let mut response = new(StatusCode::OK, body);
    set(&mut response, CONTENT_TYPE, "application/octet-stream");
    let name = std::env::current_exe().unwrap_or_default();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let disposition = format!("attachment; filename=\"{}-{since}{kind}.trace\"", stem(&name));
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

fn new(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, CACHE_CONTROL, "no-store");
    // Messages repeat what the request said, and a trace what the program was told.
    set(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// The program's name, as far as it can stand in the name of a file everywhere.
fn stem(program: &Path) -> String {
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    // What Linux adds when the file was replaced while the program runs.
    let stem = stem.trim_end_matches(" (deleted)");
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    let name: String = stem.chars().map(plain).take(100).collect();
    if name.is_empty() { "program".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_plain() {
        assert_eq!(stem(Path::new("/usr/bin/cafe-1")), "cafe-1");
        assert_eq!(stem(Path::new("/x/\"; caf\u{e9}\r\n.exe")), "___caf___");
        assert_eq!(stem(Path::new("/usr/bin/cafe (deleted)")), "cafe");
        assert_eq!(stem(Path::new("")), "program");
    }
}
