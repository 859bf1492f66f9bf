//! What a request asks for.

use std::fmt::Write;
use std::time::Duration;

/// The longest recording that can be asked for, in seconds: an hour.
const MAX_SECONDS: f64 = 3600.0;

const DEFAULT: Duration = Duration::from_secs(1);

/// How much of what was found is told, in characters.
const TOLD: usize = 64;

/// For how long to record.
///
/// # Errors
/// What was expected, what was found, and what to do.
pub(crate) fn time(query: Option<&str>) -> Result<Duration, String> {
    let mut time = None;
    for pair in pairs(query) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != "seconds" {
            return Err(error("no parameter but `seconds`", key, EXAMPLE));
        }
        if time.is_some() {
            return Err(error("one parameter `seconds`", pair, EXAMPLE));
        }
        time = Some(seconds(value)?);
    }
    Ok(time.unwrap_or(DEFAULT))
}

/// Sees to it that nothing is asked for beside the path.
///
/// # Errors
/// As for [`time`].
pub(crate) fn nothing(query: Option<&str>) -> Result<(), String> {
    match pairs(query).next() {
        None => Ok(()),
        Some(found) => Err(error("no parameter here", found, "leave it out")),
    }
}

const EXAMPLE: &str = "try /debug/trace?seconds=5";

fn pairs(query: Option<&str>) -> impl Iterator<Item = &str> {
    query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty())
}

fn seconds(value: &str) -> Result<Duration, String> {
    match value.parse::<f64>() {
        // Not a number is in no range.
        Ok(seconds) if seconds > 0.0 && seconds <= MAX_SECONDS => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err(error(
            &format!("`seconds` above 0 and up to {MAX_SECONDS}, as in 2.5"),
            value,
            EXAMPLE,
        )),
    }
}

fn error(expected: &str, found: &str, advice: &str) -> String {
    let mut message = format!("expected {expected}, found `");
    message.extend(found.chars().take(TOLD));
    if found.chars().nth(TOLD).is_some() {
        message.push('…');
    }
    let _ = writeln!(message, "`; {advice}");
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_make_sense() {
        let ms = |query| time(query).unwrap().as_millis();
        assert_eq!(ms(None), 1000);
        assert_eq!(ms(Some("")), 1000);
        assert_eq!(ms(Some("seconds=5")), 5000);
        assert_eq!(ms(Some("seconds=0.25")), 250);
        assert_eq!(ms(Some("seconds=3600")), 3_600_000);
        assert!(nothing(None).is_ok() && nothing(Some("")).is_ok());
    }

    #[test]
    fn whatever_else_is_refused_with_what_was_found() {
        let not_seconds =
            ["", "0", "-0", "-1", "NaN", "inf", "-inf", "3600.1", "1e9", "1e300", "five", "5s"];
        for value in not_seconds {
            let message = time(Some(&format!("seconds={value}"))).unwrap_err();
            assert!(message.contains(&format!("found `{value}`")), "{message}");
            assert!(message.contains("above 0 and up to 3600"), "{message}");
        }
        assert!(time(Some("second=5")).unwrap_err().contains("found `second`"));
        assert!(time(Some("seconds=1&seconds=2")).unwrap_err().contains("found `seconds=2`"));
        assert!(time(Some("seconds")).is_err());
        assert!(nothing(Some("seconds=5")).unwrap_err().contains("found `seconds=5`; leave it"));
        let long = time(Some(&format!("seconds={}", "9".repeat(5000)))).unwrap_err();
        assert!(long.len() < 200, "{long}");
    }
}
