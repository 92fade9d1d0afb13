//! Times as people read them: `2017-03-30 11:22:45 UTC`, and what is not sure about them.

use crate::locale::Locale;
use crate::model::report::Diagnosis;
use crate::model::time::TimeCertainty;

/// An RFC 3339 time of the report as date and time of day to the second, without its zone.
fn split(rfc3339: &str) -> (&str, &str) {
    let (day, rest) = rfc3339.split_once('T').unwrap_or((rfc3339, ""));
    let time = rest.trim_end_matches('Z');
    (day, time.split_once('.').map_or(time, |(whole, _)| whole))
}

/// One time.
pub fn moment(rfc3339: &str) -> String {
    let (day, time) = split(rfc3339);
    if time.is_empty() {
        day.to_owned()
    } else {
        format!("{day} {time} UTC")
    }
}

/// From the first to the last time; the day is said once.
pub fn span(locale: &Locale, first: Option<&str>, last: Option<&str>) -> String {
    let (first, last) = match (first, last) {
        (Some(first), Some(last)) => (first, last),
        (Some(one), None) | (None, Some(one)) => (one, one),
        (None, None) => return locale.word("time.none").to_owned(),
    };
    let ((day, from), (last_day, to)) = (split(first), split(last));
    if (day, from) == (last_day, to) {
        return moment(first);
    }
    let to = if day == last_day {
        format!("{to} UTC")
    } else {
        moment(last)
    };
    locale.fill(
        "time.span",
        &[("from", &format!("{day} {from}")), ("to", &to)],
    )
}

/// From the first to the last minute, for columns whose head says that it is UTC.
pub fn short(locale: &Locale, first: Option<&str>, last: Option<&str>) -> String {
    let minute = |rfc3339: &str| {
        let (day, time) = split(rfc3339);
        (day.to_owned(), time.get(..5).unwrap_or(time).to_owned())
    };
    match (first.map(minute), last.map(minute)) {
        (None, None) => locale.word("time.none").to_owned(),
        (Some((day, time)), None) | (None, Some((day, time))) => format!("{day} {time}"),
        (Some(first), Some(last)) if first == last => format!("{} {}", first.0, first.1),
        (Some((day, from)), Some((last_day, to))) => {
            let to = if day == last_day {
                to
            } else {
                format!("{last_day} {to}")
            };
            locale.fill(
                "time.span",
                &[("from", &format!("{day} {from}")), ("to", &to)],
            )
        }
    }
}

/// When an incident was proved, and how sure that is.
pub fn of_incident(locale: &Locale, incident: &Diagnosis) -> String {
    let (first, last) = (
        incident.first_seen.as_deref(),
        incident.last_seen.as_deref(),
    );
    if first.is_none() && last.is_none() {
        return locale.word("time.none").to_owned();
    }
    let span = span(locale, first, last);
    match incident.time_certainty {
        TimeCertainty::Exact => span,
        TimeCertainty::ZoneAssumed => format!("{span} ({})", locale.word("time.zone_assumed")),
        TimeCertainty::YearAssumed => format!("{span} ({})", locale.word("time.year_assumed")),
        TimeCertainty::Unknown => format!("{span} ({})", locale.word("time.unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_said_once() {
        let locale = Locale::default();
        assert_eq!(
            moment("2017-03-30T11:22:45.123Z"),
            "2017-03-30 11:22:45 UTC"
        );
        assert_eq!(moment("odd"), "odd");
        assert_eq!(
            span(
                &locale,
                Some("2017-03-30T11:22:45Z"),
                Some("2017-03-30T11:22:45.9Z")
            ),
            "2017-03-30 11:22:45 UTC"
        );
        assert_eq!(span(&locale, None, None), "time.none");
        assert_eq!(
            short(&locale, Some("2017-03-30T11:22:45Z"), None),
            "2017-03-30 11:22"
        );
        assert_eq!(short(&locale, Some("한국어T한국어"), None), "한국어 한국어");
    }
}
