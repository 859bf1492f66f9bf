//! A guard for the usual case.

use http::header::AUTHORIZATION;
use http::request::Parts;

/// A guard that lets those in who send `Authorization: Bearer` and this secret. How long it takes to refuse
/// tells nothing about the secret but its length. An empty secret lets in nobody.
///
/// ```
/// let handler = trace_http::Handler::new(trace_http::bearer("a long random secret"));
/// # let _ = handler;
/// ```
pub fn bearer(
    secret: impl Into<String>,
) -> impl Fn(&Parts) -> bool + Clone + Send + Sync + 'static {
    let secret = secret.into();
    move |request| {
        let Some(found) = request.headers.get(AUTHORIZATION) else { return false };
        let Some((scheme, found)) = found.as_bytes().split_at_checked("Bearer ".len()) else {
            return false;
        };
        !secret.is_empty()
            && scheme.eq_ignore_ascii_case(b"Bearer ")
            && are_equal(found, secret.as_bytes())
    }
}

/// Looks at every byte, whatever it finds.
fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let different = |all, (a, b): (&u8, &u8)| std::hint::black_box(all | (a ^ b));
    one.len() == other.len() && one.iter().zip(other).fold(0, different) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(secret: &str, header: Option<&str>) -> bool {
        let mut request = http::Request::new(());
        if let Some(header) = header {
            request.headers_mut().insert(AUTHORIZATION, header.parse().unwrap());
        }
        bearer(secret)(&request.into_parts().0)
    }

    #[test]
    fn only_who_knows_the_secret_is_let_in() {
        assert!(allows("secret", Some("Bearer secret")));
        assert!(allows("secret", Some("bearer secret")));
        let others = ["Bearer secreT", "Bearer secrets", "Bearer secre", "Bearer ", "secret", ""];
        for header in others.into_iter().chain(["Basic secret", "Bearersecret"]) {
            assert!(!allows("secret", Some(header)), "{header}");
        }
        assert!(!allows("secret", None));
        assert!(!allows("", Some("Bearer ")) && !allows("", None));
    }
}
