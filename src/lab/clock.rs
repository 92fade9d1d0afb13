//! The time of a lab: it runs as many times faster than the wall clock as the lab asks for.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, in the lab's time.
pub(super) type Millis = i64;

/// One second.
pub(super) const SECOND: Millis = 1000;
/// One minute.
pub(super) const MINUTE: Millis = 60 * SECOND;

/// Slowest and fastest a lab may run.
const SCALES: (f64, f64) = (0.01, 100_000.0);

/// Tells the lab's time.
#[derive(Debug)]
pub(super) struct Clock {
    base: Millis,
    started: Instant,
    scale: f64,
}

impl Clock {
    /// Starts at the wall clock's time and runs `scale` times as fast.
    pub(super) fn start(scale: f64) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a lab begins now, as real nodes would"
        )]
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let base = since.map_or(0, |time| {
            Millis::try_from(time.as_millis()).unwrap_or(Millis::MAX)
        });
        let scale = if scale.is_nan() { 1.0 } else { scale };
        Self {
            base,
            started: Instant::now(),
            scale: scale.clamp(SCALES.0, SCALES.1),
        }
    }

    /// The time now.
    pub(super) fn now(&self) -> Millis {
        let passed = self.started.elapsed().as_secs_f64() * self.scale * 1000.0;
        #[expect(clippy::cast_possible_truncation, reason = "saturates, after ages")]
        let passed = passed as Millis;
        self.base.saturating_add(passed)
    }

    /// How long a span of the lab's time takes on the wall clock.
    pub(super) fn real(&self, span: Millis) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "spans are short")]
        let span = span.max(0) as f64;
        Duration::from_secs_f64(span / 1000.0 / self.scale)
    }
}

/// A moment of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millis: i64,
    /// From Sunday on.
    weekday: usize,
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Stamp {
    /// The moment at `time`.
    pub(super) fn of(time: Millis) -> Self {
        let (days, rest) = (time.div_euclid(86_400_000), time.rem_euclid(86_400_000));
        let (year, month, day) = civil(days);
        Self {
            year,
            month,
            day,
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1000 % 60,
            millis: rest % 1000,
            // the first day of 1970 was a Thursday
            weekday: usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
        }
    }

    fn month_name(&self) -> &'static str {
        MONTHS.get(self.month - 1).unwrap_or(&"Jan")
    }

    /// `Mar 30 11:22:45`
    pub(super) fn bsd(&self) -> String {
        format!("{} {:>2} {}", self.month_name(), self.day, self.clock())
    }

    /// `11:22:45`
    pub(super) fn clock(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    /// `2017-03-30`
    pub(super) fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// Milliseconds, as three digits.
    pub(super) fn fraction(&self) -> String {
        format!("{:03}", self.millis)
    }

    /// `Mon Mar 2, 2026 10:15:04`
    pub(super) fn wall(&self) -> String {
        let (day, month) = (DAYS.get(self.weekday).unwrap_or(&""), self.month_name());
        format!("{day} {month} {}, {} {}", self.day, self.year, self.clock())
    }

    /// `May 21 2021 13:10:24.476 UTC`
    pub(super) fn cisco(&self) -> String {
        format!(
            "{} {:02} {} {}.{} UTC",
            self.month_name(),
            self.day,
            self.year,
            self.clock(),
            self.fraction()
        )
    }
}

/// Year, month and day of a day counted from 1970, by the rules of the Gregorian calendar.
fn civil(days: i64) -> (i64, usize, i64) {
    // years begin in March here, so that the leap day is the last day of one
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, usize::try_from(month).unwrap_or(1).clamp(1, 12), day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_those_of_the_calendar() {
        let stamp = Stamp::of(1_490_872_965_476);
        assert_eq!(stamp.date(), "2017-03-30");
        assert_eq!(stamp.bsd(), "Mar 30 11:22:45");
        assert_eq!(stamp.wall(), "Thu Mar 30, 2017 11:22:45");
        assert_eq!(stamp.cisco(), "Mar 30 2017 11:22:45.476 UTC");
        assert_eq!(Stamp::of(951_782_400_000).date(), "2000-02-29");
        assert_eq!(Stamp::of(951_868_800_000).bsd(), "Mar  1 00:00:00");
        assert_eq!(Stamp::of(-1).date(), "1969-12-31");
    }

    #[test]
    fn a_fast_clock_makes_waits_short() {
        let clock = Clock::start(1000.0);
        assert_eq!(clock.real(60 * SECOND), Duration::from_millis(60));
        assert_eq!(clock.real(-5), Duration::ZERO);
        assert!(Clock::start(f64::NAN).real(SECOND) == Duration::from_secs(1));
    }
}
