//! The access rules of a PostgreSQL server (`pg_hba.conf`): which line decides about a
//! connection in clear. Pure.

use std::net::IpAddr;

/// One line, as the view `pg_hba_file_rules` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its number, with the file where there are several.
    pub place: String,
    /// `local`, `host`, `hostssl`, `hostnossl`, `hostgssenc` or `hostnogssenc`.
    pub kind: String,
    /// Databases.
    pub databases: Vec<String>,
    /// Roles.
    pub users: Vec<String>,
    /// Address, name of a host or of a domain, `all`, `samehost` or `samenet`.
    pub address: Option<String>,
    /// Mask of the address; none where it is a name.
    pub netmask: Option<String>,
    /// How the client proves itself.
    pub method: String,
}

impl Line {
    /// The line as a file has it, about.
    pub fn shown(&self) -> String {
        let address = match (&self.address, &self.netmask) {
            (Some(address), Some(mask)) => format!("{address} {mask}"),
            (Some(address), None) => address.clone(),
            (None, _) => String::new(),
        };
        let parts = [
            self.kind.clone(),
            self.databases.join(","),
            self.users.join(","),
            address,
            self.method.clone(),
        ];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}: {}", self.place, parts.join(" "))
    }
}

/// Who connects.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// From where.
    pub address: IpAddr,
    /// To which database.
    pub database: &'a str,
    /// As which role.
    pub user: &'a str,
    /// The role and every role it is a member of.
    pub groups: &'a [String],
    /// The server's own address.
    pub server: Option<IpAddr>,
}

/// What becomes of a connection in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'l> {
    /// A line lets it in, with a password or without.
    Admitted(&'l Line),
    /// A line rejects it.
    Rejected(&'l Line),
    /// A line asks for a proof that is no password.
    OtherProof(&'l Line),
    /// No line is about it in clear, but this one over TLS.
    TlsOnly(&'l Line),
    /// What this line is about only the server can tell, and it comes first.
    Undecided(&'l Line),
    /// No line is about it, so it is refused.
    NoLine,
}

/// Whether a line is about something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fits {
    Yes,
    No,
    Maybe,
}

impl Fits {
    fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Maybe,
        }
    }

    /// Of several words one is enough.
    fn any(words: impl Iterator<Item = Self>) -> Self {
        let mut best = Self::No;
        for fits in words {
            match fits {
                Self::Yes => return Self::Yes,
                Self::Maybe => best = Self::Maybe,
                Self::No => {}
            }
        }
        best
    }
}

/// The first line that is about the caller decides; there is no second chance.
pub fn judge<'l>(lines: &'l [Line], caller: &Caller<'_>) -> Verdict<'l> {
    let mut tls = None;
    for line in lines {
        match (line.kind.as_str(), fits(line, caller)) {
            (_, Fits::No) | ("local" | "hostgssenc", _) => {}
            ("hostssl", Fits::Yes) => {
                if line.method != "reject" {
                    tls.get_or_insert(line);
                }
            }
            ("hostssl", Fits::Maybe) => {}
            (_, Fits::Maybe) => return Verdict::Undecided(line),
            (_, Fits::Yes) => return by_method(line),
        }
    }
    tls.map_or(Verdict::NoLine, Verdict::TlsOnly)
}

fn by_method(line: &Line) -> Verdict<'_> {
    match line.method.as_str() {
        "reject" => Verdict::Rejected(line),
        "trust" | "password" | "md5" | "scram-sha-256" | "ldap" | "pam" | "radius" | "bsd" => {
            Verdict::Admitted(line)
        }
        _ => Verdict::OtherProof(line),
    }
}

fn fits(line: &Line, caller: &Caller<'_>) -> Fits {
    let databases = Fits::any(line.databases.iter().map(|word| database(word, caller)));
    let users = Fits::any(line.users.iter().map(|word| user(word, caller)));
    databases.and(users).and(address(line, caller))
}

fn database(word: &str, caller: &Caller<'_>) -> Fits {
    match word {
        "all" => Fits::Yes,
        "sameuser" => Fits::of(caller.database == caller.user),
        "samerole" | "samegroup" => {
            Fits::of(caller.groups.iter().any(|group| group == caller.database))
        }
        // replication connections go to no database
        "replication" => Fits::No,
        word if word.starts_with('/') => Fits::Maybe,
        word => Fits::of(word == caller.database),
    }
}

fn user(word: &str, caller: &Caller<'_>) -> Fits {
    match (word, word.strip_prefix('+')) {
        ("all", _) => Fits::Yes,
        (_, Some(group)) => Fits::of(caller.groups.iter().any(|known| known == group)),
        (word, None) if word.starts_with('/') => Fits::Maybe,
        (word, None) => Fits::of(word == caller.user),
    }
}

fn address(line: &Line, caller: &Caller<'_>) -> Fits {
    let Some(address) = line.address.as_deref() else {
        return Fits::No;
    };
    match address {
        "all" => Fits::Yes,
        "samehost" => Fits::of(caller.server == Some(caller.address)),
        "samenet" => Fits::Maybe,
        _ => {
            let parsed = address.parse::<IpAddr>();
            let mask = line.netmask.as_deref().map(str::parse::<IpAddr>);
            match (parsed, mask) {
                (Ok(net), Some(Ok(mask))) => Fits::of(within(caller.address, net, mask)),
                // the server looks the name up, and back
                _ => Fits::Maybe,
            }
        }
    }
}

fn within(address: IpAddr, net: IpAddr, mask: IpAddr) -> bool {
    match (address, net, mask) {
        (IpAddr::V4(address), IpAddr::V4(net), IpAddr::V4(mask)) => {
            address.to_bits() & mask.to_bits() == net.to_bits() & mask.to_bits()
        }
        (IpAddr::V6(address), IpAddr::V6(net), IpAddr::V6(mask)) => {
            address.to_bits() & mask.to_bits() == net.to_bits() & mask.to_bits()
        }
        _ => false,
    }
}

/// The line that lets a node in.
pub fn line_for(database: &str, user: &str, node: IpAddr, method: &str) -> String {
    let bits = if node.is_ipv4() { 32 } else { 128 };
    format!(
        "host {} {} {node}/{bits} {method}",
        word(database),
        word(user)
    )
}

/// A name as the file takes it: in quotes where it would mean something else.
fn word(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    let keyword = ["all", "sameuser", "samerole", "samegroup", "replication"].contains(&name);
    if !name.is_empty() && name.chars().all(plain) && !keyword {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> Line {
        let mut parts = text.split(' ').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        let list = |text: String| text.split(',').map(str::to_owned).collect();
        let (kind, databases, users, address) = (next(), list(next()), list(next()), next());
        let (address, netmask) = match address.split_once('/') {
            Some((address, mask)) => (address.to_owned(), Some(mask.to_owned())),
            None => (address, None),
        };
        Line {
            place: "1".to_owned(),
            kind,
            databases,
            users,
            address: Some(address),
            netmask,
            method: next(),
        }
    }

    fn verdict(lines: &[&str]) -> String {
        let lines: Vec<Line> = lines.iter().map(|text| line(text)).collect();
        let groups = ["tc".to_owned(), "chat".to_owned()];
        let caller = Caller {
            address: "10.60.1.11".parse().unwrap(),
            database: "imp",
            user: "tc",
            groups: &groups,
            server: Some("10.60.9.1".parse().unwrap()),
        };
        let found = judge(&lines, &caller);
        format!("{found:?}").split('(').next().unwrap().to_owned()
    }

    #[test]
    fn the_first_line_that_fits_decides() {
        let all = "host all all 0.0.0.0/0.0.0.0 md5";
        for (lines, wanted) in [
            (&[all] as &[&str], "Admitted"),
            (
                &["host imp tc 10.60.1.11/255.255.255.255 reject", all],
                "Rejected",
            ),
            (
                &["host imp tc 10.60.1.12/255.255.255.255 reject", all],
                "Admitted",
            ),
            (
                &["host imp tc 10.60.1.0/255.255.255.0 scram-sha-256"],
                "Admitted",
            ),
            (&["host other,imp x,tc all password"], "Admitted"),
            (&["host imp +chat all md5"], "Admitted"),
            (&["host imp +other all md5"], "NoLine"),
            (&["host sameuser tc all md5"], "NoLine"),
            (&["host replication tc all md5"], "NoLine"),
            (&["host imp tc samehost md5"], "NoLine"),
            (&["host imp tc samenet md5", all], "Undecided"),
            (&["host imp tc .apolo.local md5", all], "Undecided"),
            (&["host other tc .apolo.local md5", all], "Admitted"),
            (&["host /^im tc all reject", all], "Undecided"),
            (&["host imp tc ::/:: md5"], "NoLine"),
            (&["hostssl imp tc all md5"], "TlsOnly"),
            (&["hostssl imp tc all md5", all], "Admitted"),
            (&["hostssl imp tc all reject"], "NoLine"),
            (&["hostnossl imp tc all md5"], "Admitted"),
            (&["hostgssenc imp tc all gss"], "NoLine"),
            (&["hostnogssenc imp tc all gss"], "OtherProof"),
            (&["host imp tc all cert"], "OtherProof"),
            (&[], "NoLine"),
        ] {
            assert_eq!(verdict(lines), wanted, "{lines:?}");
        }
    }

    #[test]
    fn lines_to_add_are_quoted_where_they_have_to_be() {
        let line = |database, user| line_for(database, user, "2001:db8::1".parse().unwrap(), "md5");
        assert_eq!(line("imp", "tc"), "host imp tc 2001:db8::1/128 md5");
        assert_eq!(
            line("all", "t c\""),
            "host \"all\" \"t c\"\"\" 2001:db8::1/128 md5"
        );
    }

    /// The address as a string of zeros and ones, with its family in front.
    fn bits(address: IpAddr) -> String {
        match address {
            IpAddr::V4(v4) => v4
                .octets()
                .iter()
                .fold("4".to_owned(), |text, b| format!("{text}{b:08b}")),
            IpAddr::V6(v6) => v6
                .octets()
                .iter()
                .fold("6".to_owned(), |text, b| format!("{text}{b:08b}")),
        }
    }

    /// What a person with the manual would do: strike out each line that is not about the caller,
    /// and look at the topmost one that is left.
    fn by_hand(lines: &[(Line, usize)], caller: &Caller<'_>) -> Option<String> {
        let mut left: Vec<&(Line, usize)> = lines.iter().collect();
        left.retain(|(line, _)| line.kind == "host");
        left.retain(|(line, _)| {
            line.databases.iter().any(|d| {
                d == "all"
                    || d == caller.database
                    || (d == "sameuser" && caller.user == caller.database)
            })
        });
        left.retain(|(line, _)| {
            line.users.iter().any(|u| {
                u == "all"
                    || u == caller.user
                    || caller.groups.iter().any(|g| *u == format!("+{g}"))
            })
        });
        left.retain(|(line, length)| {
            let net = bits(line.address.as_deref().unwrap().parse().unwrap());
            bits(caller.address)
                .bytes()
                .zip(net.bytes())
                .take(length + 1)
                .all(|(a, b)| a == b)
        });
        left.first().map(|(line, _)| line.place.clone())
    }

    fn any_line() -> impl Strategy<Value = (Line, usize)> {
        let kind = prop_oneof![4 => Just("host"), 1 => Just("local")];
        let database = prop_oneof![Just("all"), Just("imp"), Just("other"), Just("sameuser")];
        let user = prop_oneof![
            Just("all"),
            Just("tc"),
            Just("imp"),
            Just("+chat"),
            Just("+no")
        ];
        // few different bits, so that nets often hold the caller
        let net = (any::<bool>(), 0u32..4, 0usize..=32);
        (kind, database, user, net, any::<bool>()).prop_map(
            |(kind, database, user, (v6, low, length), reject)| {
                let shift = |ones: usize, wide: u32| {
                    if ones == 0 {
                        0
                    } else {
                        u128::MAX << (wide as usize - ones)
                    }
                };
                let (address, netmask) = if v6 {
                    let mask = shift(length, 128);
                    (
                        IpAddr::V6((u128::from(low) << 126).into()),
                        IpAddr::V6(mask.into()),
                    )
                } else {
                    let mask = shift(length, 32) as u32;
                    (IpAddr::V4((low << 30).into()), IpAddr::V4(mask.into()))
                };
                let line = Line {
                    place: String::new(),
                    kind: kind.to_owned(),
                    databases: vec![database.to_owned()],
                    users: vec![user.to_owned()],
                    address: Some(address.to_string()),
                    netmask: Some(netmask.to_string()),
                    method: if reject { "reject" } else { "md5" }.to_owned(),
                };
                (line, length)
            },
        )
    }

    proptest! {
        #[test]
        fn the_deciding_line_is_the_one_found_by_hand(
            mut lines in proptest::collection::vec(any_line(), 0..8),
            v6 in any::<bool>(),
            low in 0u32..4,
            same in any::<bool>(),
        ) {
            for (at, (line, _)) in lines.iter_mut().enumerate() {
                line.place = at.to_string();
            }
            let address = if v6 {
                IpAddr::V6((u128::from(low) << 126).into())
            } else {
                IpAddr::V4((low << 30).into())
            };
            let groups = ["chat".to_owned()];
            let caller = Caller { address, database: "imp", user: if same { "imp" } else { "tc" }, groups: &groups, server: None };
            let plain: Vec<Line> = lines.iter().map(|(line, _)| line.clone()).collect();
            let decided = match judge(&plain, &caller) {
                Verdict::Admitted(line) => Some((line.place.clone(), "md5")),
                Verdict::Rejected(line) => Some((line.place.clone(), "reject")),
                Verdict::NoLine => None,
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(decided.as_ref().map(|(place, _)| place.clone()), by_hand(&lines, &caller));
            if let Some((place, method)) = decided {
                prop_assert_eq!(&plain[place.parse::<usize>().unwrap()].method, method);
            }
        }
    }
}
