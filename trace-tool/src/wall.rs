//! The wall clock: nanoseconds since 1970 as a date and a time, UTC.

const DAY_NS: u64 = 86_400_000_000_000;

/// `2026-11-23 20:42:27.123456`, cut at the microsecond.
pub(crate) fn date_and_time(ns: u64) -> String {
    let (year, month, day) = date(ns / DAY_NS);
    format!("{year:04}-{month:02}-{day:02} {}", time(ns))
}

/// `20:42:27.123456`, cut at the microsecond.
pub(crate) fn time(ns: u64) -> String {
    let micros = ns % DAY_NS / 1000;
    let seconds = micros / 1_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:06}", seconds % 60, micros % 1_000_000)
}

/// Year, month and day of a day counted from 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // Years are counted from March, so that the leap day is the last of its year, and grouped in
    // eras of 400 years, which have the same number of days each.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[trace::test]
    fn known_dates() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00.000000"),
            (951_782_400, "2000-02-29 00:00:00.000000"),
            (1_735_689_599, "2024-12-31 23:59:59.000000"),
            (4_107_542_400, "2100-03-01 00:00:00.000000"),
        ] {
            assert_eq!(date_and_time(seconds * 1_000_000_000), expected);
        }
        assert_eq!(time(1_001_500), "00:00:00.001001");
    }
}
