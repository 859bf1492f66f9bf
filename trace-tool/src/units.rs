//! Quantities as people read them: three significant digits and a unit.
//!
//! Arithmetic is on integers, so that what is printed never depends on how a double rounds.

/// A duration: `0 ns`, `1.23 µs`, `45.6 ms`, `12.0 s`, `2 m 05 s`, `3 h 07 m`, `2 d 04 h`.
pub(crate) fn duration(ns: u128) -> String {
    const SECOND: u128 = 1_000_000_000;
    // 59.95 s would be rounded to "60.0 s".
    if ns < 59_950_000_000 {
        return scaled(ns, 1000, &["ns", "µs", "ms", "s"]);
    }
    let seconds = (ns + SECOND / 2) / SECOND;
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    if hours == 0 {
        format!("{minutes} m {:02} s", seconds % 60)
    } else if hours < 24 {
        format!("{hours} h {:02} m", minutes % 60)
    } else {
        format!("{} d {:02} h", hours / 24, hours % 24)
    }
}

/// A time since the start of the trace, or before it.
pub(crate) fn time(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    format!("{sign}{}", duration(u128::from(ns.unsigned_abs())))
}

/// The same, precise and of the same width in every line of a list: `1.234567`, in seconds.
pub(crate) fn seconds(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let micros = ns.unsigned_abs() / 1000;
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A number of bytes: `17 B`, `1.23 KiB`, `45.6 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    scaled(u128::from(count), 1024, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"])
}

/// A number of things, with thousands separators: `1,234,567`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things and the word for them: `1 event`, `2 events`.
pub(crate) fn things(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", count(number))
}

/// The value of a counter: whole numbers as [`count`] shows them, others with three decimals at
/// most, very large and very small ones in scientific notation.
pub(crate) fn value(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs();
    if value != 0.0 && !(1e-3..1e15).contains(&magnitude) {
        return format!("{value:.2e}");
    }
    let thousandths = (magnitude * 1000.0).round() as u64;
    let sign = if value < 0.0 && thousandths > 0 { "-" } else { "" };
    let fraction = format!(".{:03}", thousandths % 1000);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{sign}{}{fraction}", count(thousandths / 1000))
}

/// A share of a whole: `91.2 %`. A dash when there is no whole.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(part) * 1000 + u128::from(whole) / 2) / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// `value` in the largest unit that leaves at least 1, with three significant digits.
fn scaled(value: u128, step: u128, units: &[&str]) -> String {
    if value < step {
        return format!("{value} {}", units[0]);
    }
    let last = units.len() - 1;
    let (mut unit, mut scale) = (1, step);
    loop {
        for (limit, decimals) in [(10, 2), (100, 1), (step, 0)] {
            let power = 10_u128.pow(decimals);
            let rounded = (value * power + scale / 2) / scale;
            if rounded < limit * power || (decimals == 0 && unit == last) {
                let (whole, part) = (rounded / power, rounded % power);
                return match decimals {
                    0 => format!("{whole} {}", units[unit]),
                    decimals => {
                        format!("{whole}.{part:0width$} {}", units[unit], width = decimals as usize)
                    }
                };
            }
        }
        unit += 1;
        scale *= step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn durations_have_three_digits_in_the_unit_they_round_to() {
        for (ns, expected) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1000, "1.00 µs"),
            (1234, "1.23 µs"),
            (9_994, "9.99 µs"),
            (9_995, "10.0 µs"),
            (99_950, "100 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (12_000_000_000, "12.0 s"),
            (59_949_999_999, "59.9 s"),
            (59_950_000_000, "1 m 00 s"),
            (125_000_000_000, "2 m 05 s"),
            (3_600_000_000_000, "1 h 00 m"),
            (90_000_000_000_000, "1 d 01 h"),
        ] {
            assert_eq!(duration(ns), expected, "{ns} ns");
        }
        assert_eq!(time(-1500), "-1.50 µs");
        assert_eq!(time(i64::MIN), "-106751 d 23 h");
    }

    #[trace::test]
    fn lists_show_seconds_with_six_decimals() {
        assert_eq!(seconds(1_234_567_890), "1.234567");
        assert_eq!(seconds(-2_000), "-0.000002");
    }

    #[trace::test]
    fn sizes_are_binary() {
        for (size, expected) in [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB")] {
            assert_eq!(bytes(size), expected);
        }
        assert_eq!(bytes(u64::MAX), "16384 PiB");
    }

    #[trace::test]
    fn counts_and_values_have_separators() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(999), "999");
        assert_eq!(things(1, "event"), "1 event");
        assert_eq!(things(0, "event"), "0 events");
        for (number, expected) in [
            (0.0, "0"),
            (-1234.5, "-1,234.5"),
            (1e20, "1.00e20"),
            (f64::NAN, "NaN"),
            (-1e-9, "-1.00e-9"),
        ] {
            assert_eq!(value(number), expected);
        }
    }

    #[trace::test]
    fn shares_are_rounded_to_a_tenth_of_a_percent() {
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(5, 0), "–");
    }
}
