//! Ports by the names that printed lists give them.

/// Names of the services registry (IANA) and of common name files that stand for a port in the
/// lists of tcpdump and Wireshark, as far as servers of interest use them.
const SERVICES: &[(&str, u16)] = &[
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("kerberos", 88),
    ("sunrpc", 111),
    ("ntp", 123),
    ("snmp", 161),
    ("snmptrap", 162),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("syslog", 514),
    ("ldaps", 636),
    ("imaps", 993),
    ("ms-sql-s", 1433),
    ("h323gatestat", 1719),
    ("h323hostcall", 1720),
    ("rdp", 3389),
    ("ms-wbt-server", 3389),
    ("mysql", 3306),
    ("epmd", 4369),
    ("sip", 5060),
    ("sip-tls", 5061),
    ("sips", 5061),
    ("xmpp-client", 5222),
    ("jabber-client", 5222),
    ("xmpp-server", 5269),
    ("jabber-server", 5269),
    ("postgresql", 5432),
    ("postgres", 5432),
    ("rtps-discovery", 7400),
    ("http-alt", 8080),
    ("webcache", 8080),
    ("pcsync-https", 8443),
    ("https-alt", 8443),
];

/// Lowest port that is handed out to whoever opens a connection (RFC 6335 6), as some systems
/// begin earlier.
const EPHEMERAL: u16 = 32_768;

/// The port behind a name, whatever its case.
pub fn port_of(name: &str) -> Option<u16> {
    let fits = |known: &&(&str, u16)| known.0.eq_ignore_ascii_case(name);
    SERVICES.iter().find(fits).map(|(_, port)| *port)
}

/// True when `a` rather than `b` is the port that somebody listens on: a guess, for connections
/// whose beginning was not seen.
pub fn listens(a: u16, b: u16) -> bool {
    let rank = |port: u16| {
        let known = port < 1024 || SERVICES.iter().any(|(_, known)| *known == port);
        (!known, port >= EPHEMERAL, port)
    };
    rank(a) < rank(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_guesses() {
        assert_eq!(port_of("postgresql"), Some(5432));
        assert_eq!(port_of("HTTPS"), Some(443));
        assert_eq!(port_of("nosuchservice"), None);
        assert!(listens(5432, 35_826) && !listens(35_826, 5432));
        assert!(listens(4372, 40_000) && listens(443, 8000));
    }
}
