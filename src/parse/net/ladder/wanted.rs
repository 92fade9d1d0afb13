//! Which connection somebody means: both ends, or as much of them as is known.

use std::net::{IpAddr, SocketAddr};

use crate::model::ladder::Ends;

/// An address, and a port if it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    host: IpAddr,
    port: Option<u16>,
}

impl Part {
    /// `10.0.0.1`, `10.0.0.1:5432`, `fe80::1`, `[fe80::1]`, `[fe80::1]:5432`.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(end) = text.parse::<SocketAddr>() {
            return Some(Self {
                host: end.ip(),
                port: Some(end.port()),
            });
        }
        let inner = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        let host = match inner {
            Some(inner) => IpAddr::V6(inner.parse().ok()?),
            None => text.parse().ok()?,
        };
        Some(Self { host, port: None })
    }

    fn fits(self, end: SocketAddr) -> bool {
        self.host == end.ip() && self.port.is_none_or(|port| port == end.port())
    }
}

/// What is known of the connection that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    first: Part,
    second: Option<Part>,
}

impl Wanted {
    /// Reads one or two ends, in either order; between them stands `>`, `-`, `,` or a space.
    /// `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let between = |c: char| matches!(c, '>' | '<' | '-' | ',') || c.is_whitespace();
        let mut parts = text.split(between).filter(|part| !part.is_empty());
        let first = Part::parse(parts.next()?)?;
        let second = match parts.next() {
            Some(part) => Some(Part::parse(part)?),
            None => None,
        };
        parts.next().is_none().then_some(Self { first, second })
    }

    /// Both ends, when nothing is left open.
    pub fn exact(&self) -> Option<Ends> {
        let end = |part: Part| Some(SocketAddr::new(part.host, part.port?));
        Some(Ends {
            originator: end(self.first)?,
            responder: end(self.second?)?,
        })
    }

    /// True for a connection that may be meant.
    pub fn fits(&self, ends: Ends) -> bool {
        let fits = |ends: Ends| {
            let second = self.second.is_none_or(|part| part.fits(ends.responder));
            self.first.fits(ends.originator) && second
        };
        fits(ends) || fits(ends.reversed())
    }

    /// True for a connection of one of the hosts.
    pub fn shares_host(&self, ends: Ends) -> bool {
        let parts = [Some(self.first), self.second];
        let mut hosts = parts.into_iter().flatten().map(|part| part.host);
        hosts.any(|host| host == ends.originator.ip() || host == ends.responder.ip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ends(text: &str) -> Ends {
        Wanted::parse(text)
            .and_then(|wanted| wanted.exact())
            .unwrap()
    }

    #[test]
    fn a_connection_may_be_written_in_many_ways() {
        let same = ends("10.0.0.1:40000 > 10.0.0.2:5432");
        assert_eq!(same.to_string(), "10.0.0.1:40000 > 10.0.0.2:5432");
        for text in [
            "10.0.0.1:40000>10.0.0.2:5432",
            "10.0.0.1:40000-10.0.0.2:5432",
            "10.0.0.1:40000,10.0.0.2:5432",
            "10.0.0.1:40000 10.0.0.2:5432",
            "  10.0.0.1:40000 <-> 10.0.0.2:5432 ",
            "10.0.0.1:40000 -> 10.0.0.2:5432",
        ] {
            assert_eq!(ends(text), same, "{text}");
        }
        assert!(ends("10.0.0.2:5432 > 10.0.0.1:40000").is_same(same));
        let six = ends("[2001:db8::1]:40000 > [2001:db8::2]:5432");
        assert_eq!(six.to_string(), "[2001:db8::1]:40000 > [2001:db8::2]:5432");
        assert_eq!(ends("[2001:DB8:0::1]:40000,[2001:db8::2]:5432"), six);
    }

    #[test]
    fn what_is_left_open_fits_more() {
        let flow = ends("10.0.0.1:40000 > 10.0.0.2:5432");
        for (text, fits) in [
            ("10.0.0.1:40000", true),
            ("10.0.0.2", true),
            ("10.0.0.2:40000", false),
            ("10.0.0.2,10.0.0.1", true),
            ("10.0.0.2:5432 10.0.0.1", true),
            ("10.0.0.2:5433 10.0.0.1", false),
            ("10.0.0.3", false),
        ] {
            let wanted = Wanted::parse(text).unwrap();
            assert_eq!(wanted.fits(flow), fits, "{text}");
            assert_eq!(wanted.fits(flow.reversed()), fits, "{text}");
        }
        assert!(Wanted::parse("[fe80::1]").unwrap().exact().is_none());
        assert_eq!(Wanted::parse("fe80::1"), Wanted::parse("[fe80::1]"));
    }

    #[test]
    fn anything_else_is_no_connection() {
        for text in [
            "",
            " ",
            ">",
            "cms1:5432",
            "10.0.0.1:",
            "10.0.0.1:65536",
            "10.0.0.1:-1",
            "256.0.0.1",
            "10.0.0.1 10.0.0.2 10.0.0.3",
            "[10.0.0.1]",
            "[fe80::1",
            "10.0.0.1;id",
            "$(id)",
            "\u{1b}[2J",
            "8ab1c2d3e4f5",
        ] {
            assert_eq!(Wanted::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_stops_it(text in any::<String>()) {
            let _ = Wanted::parse(&text);
        }

        #[test]
        fn what_is_printed_is_read_again(
            a in any::<IpAddr>(), b in any::<IpAddr>(), ports in any::<(u16, u16)>(),
        ) {
            let flow = Ends { originator: (a, ports.0).into(), responder: (b, ports.1).into() };
            prop_assert_eq!(ends(&flow.to_string()), flow);
        }
    }
}
