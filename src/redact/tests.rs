//! Tests of what is found and of what stands for it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::address::{self, Found, Mac};
use super::der;
use super::leak::Search;
use super::learn::Learner;
use super::map::{Kind, Map};
use super::pem::Lines;
use super::secret::Secrets;
use super::text::Redactor;
use super::vocabulary::Vocabulary;
use crate::parse::net::cert::Certificate;

const KEY: [u8; 32] = [7; 32];

/// What is learned from these lines, with a few words of the product.
fn learned(lines: &[&str]) -> Redactor {
    with(Map::new(KEY), lines)
}

fn with(map: Map, lines: &[&str]) -> Redactor {
    static LEARNER: LazyLock<Learner> = LazyLock::new(|| {
        let words = "Database cluster postgres clusterdb server connection refused Root";
        Learner::new(Vocabulary::new([words])).expect("shapes")
    });
    let mut learner = LEARNER.clone();
    lines.iter().for_each(|line| learner.line(line.as_bytes()));
    learner.finish(map).expect("few names")
}

fn redacted(lines: &[&str]) -> Vec<String> {
    let mut redactor = learned(lines);
    lines.iter().map(|line| redactor.text(line)).collect()
}

#[test]
fn names_are_found_and_are_the_same_everywhere() {
    let lines = [
        "user ana.lee@apolo.local from EXPC01.apolo.local",
        "clusterdb@expc01.apolo.local: connection refused by postgres",
        "GET https://expc01:8443/x?user=ana.lee%40apolo.local",
        "see /backup/expc01-2026.tar.gz, ana.lee",
        "To: <sip:+14085551234@apolo.local>",
    ];
    let out = redacted(&lines);
    assert_eq!(
        out,
        [
            "user user001@site1.local from HOST01.site1.local",
            "clusterdb@host01.site1.local: connection refused by postgres",
            "GET https://host01:8443/x?user=user001%40site1.local",
            "see /backup/host01-2026.tar.gz, user001",
            "To: <sip:user00000001@site1.local>",
        ]
    );
}

#[test]
fn words_of_the_product_and_of_everybody_stay() {
    for line in [
        "FATAL: password authentication failed for user \"postgres\"",
        "xmlns=\"http://www.w3.org/2001/XMLSchema\"",
        "org.postgresql.util.PSQLException: x",
        "database cluster status",
        "mask 255.255.255.0 and 0.0.0.255, any 0.0.0.0, ::1, 127.0.0.1, 224.0.0.18, 255.255.255.255",
        "Version: 14.0.1.10 and 15.0.1.12900-2, OID 1.3.6.1.4.1",
        "=INFO REPORT==== 2-Mar-2026::11:22:45.868352 ===",
        "12:34:56:789 std::io::Error",
        "route 10.0.0.0/8 and 0.0.0.0/0",
    ] {
        assert_eq!(redacted(&[line]), [line]);
    }
}

#[test]
fn secrets_go_whatever_stands_around_them() {
    for (line, secret) in [
        ("password=\"a b;c\" next", "a b;c"),
        ("Password: s3cr-et!", "s3cr-et!"),
        ("{\"apiToken\": \"abc.def\"}", "abc.def"),
        ("<sharedSecret item=\"1\">xyzzy</sharedSecret>", "xyzzy"),
        ("snmp-server community s3cr3t ro", "s3cr3t"),
        ("Authorization: Basic YW5hOmh1bnRlcjI=", "YW5hOmh1bnRlcjI="),
        ("postgres://tc:p%40ss@db1/x", "p%40ss"),
        ("host=db1 password='it is' user=tc", "it is"),
        (
            "Cookie: JSESSIONID=0123456789ABCDEF; a=b",
            "0123456789ABCDEF",
        ),
        ("erl -setcookie MONSTER1 -name x", "MONSTER1"),
        (
            "hash $6$abcdefgh$0123456789abcdefghij",
            "0123456789abcdefghij",
        ),
    ] {
        let out = redacted(&[line]).concat();
        assert!(!out.contains(secret), "{line} gave {out}");
        assert!(out.contains("redacted"), "{line} gave {out}");
    }
    let secrets = Secrets::new().expect("shapes");
    for line in [
        "password authentication failed",
        "no password: not required",
        "password=****",
        "token:",
    ] {
        let mut found = false;
        secrets.find(line.as_bytes(), &mut |_, _| found = true);
        assert!(!found, "{line}");
    }
}

#[test]
fn subnets_stay_subnets() {
    let out = redacted(&[
        "10.48.54.75 10.48.54.119 10.48.55.1 10.48.54.0/24 10.48.52.0/22 192.168.1.7 8.8.8.8",
    ])
    .concat();
    let parts: Vec<&str> = out.split(' ').collect();
    let number = |text: &str| {
        u32::from(
            text.split('/')
                .next()
                .unwrap_or("")
                .parse::<Ipv4Addr>()
                .expect("an address"),
        )
    };
    assert_eq!(number(parts[0]) >> 8, number(parts[1]) >> 8);
    assert_eq!(number(parts[0]) >> 8, number(parts[3]) >> 8);
    assert_eq!(number(parts[0]) >> 10, number(parts[4]) >> 10);
    assert_eq!(number(parts[0]) >> 9, number(parts[2]) >> 9);
    assert_eq!((number(parts[3]) & 0xff, number(parts[4]) & 0x3ff), (0, 0));
    let private = |text: &str| text.parse::<Ipv4Addr>().expect("an address").is_private();
    assert!(
        private(parts[0]) && private(parts[5]) && !private(parts[6]),
        "{out}"
    );
    assert!(
        !out.contains("10.48.") && !out.contains("192.168.1.7") && parts[6].starts_with("240."),
        "{out}"
    );
}

#[test]
fn addresses_are_found_where_they_stand() {
    let found = |line: &str| {
        let mut out = Vec::new();
        address::find(line.as_bytes(), &mut |begin, end, what| {
            out.push((line.get(begin..end).unwrap_or("").to_owned(), what));
        });
        out
    };
    let four = |text: &str| Found::V4(text.parse().expect("an address"));
    let six = |text: &str| Found::V6(text.parse().expect("an address"));
    for (line, text, what) in [
        ("a 10.1.2.3, b", "10.1.2.3", four("10.1.2.3")),
        ("IP 10.1.2.3.5432 >", "10.1.2.3", four("10.1.2.3")),
        ("10.1.2.3:5432", "10.1.2.3", four("10.1.2.3")),
        ("name=[10.1.2.3]", "10.1.2.3", four("10.1.2.3")),
        ("fe80::1%eth0", "fe80::1", six("fe80::1")),
        ("[2001:db8::17]:443", "2001:db8::17", six("2001:db8::17")),
        ("peer=2001:db8::17.", "2001:db8::17", six("2001:db8::17")),
        (
            "aa:bb:cc:dd:ee:0f up",
            "aa:bb:cc:dd:ee:0f",
            Found::Mac(Mac([0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0x0f]), b':'),
        ),
    ] {
        assert_eq!(found(line), [(text.to_owned(), what)], "{line}");
    }
    for line in [
        "1.2.3",
        "300.1.1.1",
        "v1.2.3.4",
        "1.2.3.4.5.6",
        "12:34:56",
        "sha AA:BB:CC:DD:EE:FF:00",
    ] {
        assert_eq!(found(line), [], "{line}");
    }
}

const PEM: &str = include_str!("../../samples/cms/certificate-expired-file/input/dbca.crt");

fn der_of(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let begin = pem
        .find("-----BEGIN CERTIFICATE-----")
        .expect("a certificate");
    let body: String = pem
        .get(begin..)
        .unwrap_or("")
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with("-----"))
        .collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .expect("base64")
}

#[test]
fn certificates_are_those_of_somebody_else() {
    let der = der_of(PEM);
    let before = Certificate::from_der(&der).expect("a certificate");
    let mut redactor = learned(&["expc01.apolo.local"]);
    let made = der::remake(&der, &mut redactor).expect("a certificate");
    assert_eq!(made.len(), der.len());
    let after = Certificate::from_der(&made).expect("still a certificate");
    assert_eq!(
        (after.not_before, after.not_after),
        (before.not_before, before.not_after)
    );
    assert_eq!(
        (after.is_ca, &after.purposes),
        (before.is_ca, &before.purposes)
    );
    assert_eq!(after.names.len(), before.names.len());
    assert_ne!(after.key_digest, before.key_digest);
    assert_eq!(after.self_signed(), before.self_signed());
    // the same certificate becomes the same
    assert_eq!(der::remake(&der, &mut redactor), Some(made.clone()));
    for cut in 0..der.len() {
        _ = der::remake(&der[..cut], &mut redactor);
    }
    // as a text: lines stay as many, keys go
    let text = format!(
        "{PEM}\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\nabcd\n-----END RSA PRIVATE KEY-----\n"
    );
    let mut lines = Lines::new(false);
    let mut out = Vec::new();
    for line in text.split_inclusive('\n') {
        lines.push(line.as_bytes(), &mut redactor, &mut out);
    }
    lines.finish(&mut redactor, &mut out);
    let out = String::from_utf8(out).expect("text");
    assert!(
        !out.contains("MIIEow") && out.contains("-----BEGIN RSA PRIVATE KEY-----"),
        "{out}"
    );
    assert_eq!(der_of(&out), made);
}

#[test]
fn what_is_hidden_is_found() {
    use base64::Engine as _;
    let redactor = learned(&["host acanosrv02 at 10.48.54.119"]);
    let search = Search::new(redactor).expect("few names");
    let base64 = base64::engine::general_purpose::STANDARD.encode("x: acanosrv02 y");
    let wide: Vec<u8> = "acanosrv02".bytes().flat_map(|byte| [byte, 0]).collect();
    let cases: [(&str, Vec<u8>); 8] = [
        ("plain", b"<ACANOSRV02>".to_vec()),
        ("inside", b"xacanosrv02x".to_vec()),
        ("base64", base64.into_bytes()),
        ("hexadecimal", b"6163616e6f7372763032".to_vec()),
        ("wide", wide),
        ("address", b"to 10.48.54.119.".to_vec()),
        ("dashes", b"ip-10-48-54-119.x".to_vec()),
        ("percent", b"%0Aacanosrv02".to_vec()),
    ];
    for (name, bytes) in cases {
        let mut leaks = Vec::new();
        search.bytes(&bytes, 0..bytes.len(), 0, &mut leaks);
        assert!(!leaks.is_empty(), "{name}");
    }
    let clean = b"host host000001 at 10.1.2.119, 10.48.54.118";
    let mut leaks = Vec::new();
    search.bytes(clean, 0..clean.len(), 0, &mut leaks);
    assert_eq!(leaks, []);
}

#[test]
fn a_map_is_read_as_it_was_written() {
    let mut map = Map::new(KEY);
    map.v4(Ipv4Addr::new(10, 48, 54, 75));
    map.v6("2001:470:1f0b::17".parse().expect("an address"));
    map.mac(Mac([0, 1, 2, 3, 4, 5]));
    map.name("expc01", Kind::Host);
    let saved = map.saved();
    let mut again = Map::from_saved(&saved).expect("it is whole");
    assert_eq!(again.saved(), saved);
    assert_eq!(
        again.name("expc01", Kind::User),
        map.name("expc01", Kind::Host)
    );
    let mut twice = saved.clone();
    twice.names.insert("other".to_owned(), "host01".to_owned());
    assert!(Map::from_saved(&twice).is_err());
    let mut wrong = saved;
    wrong.schema = "clusterdx.map/2".to_owned();
    assert!(Map::from_saved(&wrong).is_err());
}

#[test]
fn words_that_a_line_break_tears_are_found() {
    let mut redactor = learned(&["host=acanosrv02"]);
    let mut lines = Lines::new(true);
    let mut out = Vec::new();
    for line in ["the node acanos\n", "rv02 said so\n"] {
        lines.push(line.as_bytes(), &mut redactor, &mut out);
    }
    lines.finish(&mut redactor, &mut out);
    assert_eq!(
        String::from_utf8(out).expect("text"),
        "the node host00\n0001 said so\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// No two addresses become one, those of one subnet stay in one, and what was given stays.
    #[test]
    fn addresses_stay_apart(numbers in proptest::collection::vec(any::<u32>(), 1..60), near in any::<u16>()) {
        let mut all: BTreeSet<Ipv4Addr> = numbers.iter().copied().map(Ipv4Addr::from).collect();
        all.extend(numbers.iter().map(|number| Ipv4Addr::from(number ^ u32::from(near))));
        let mut map = Map::new(KEY);
        all.iter().for_each(|address| map.avoid_v4(*address));
        let given: Vec<Ipv4Addr> = all.iter().map(|address| map.v4(*address)).collect();
        let apart: BTreeSet<&Ipv4Addr> = given.iter().collect();
        prop_assert_eq!(apart.len(), all.len());
        for (one, to) in all.iter().zip(&given) {
            prop_assert_eq!(map.v4(*one), *to);
            if !all.contains(to) {
                prop_assert_eq!(map.v4(*to), *to);
            }
            prop_assert_eq!(one.is_private(), to.is_private());
            if !address::stays(*one) && !one.is_link_local() {
                prop_assert!(!all.contains(to), "{} became {}", one, to);
            }
        }
        for (one, to) in all.iter().zip(&given) {
            for (other, too) in all.iter().zip(&given) {
                let shared = |a: &Ipv4Addr, b: &Ipv4Addr| (u32::from(*a) ^ u32::from(*b)).leading_zeros();
                if shared(one, other) >= 16 {
                    prop_assert_eq!(shared(one, other), shared(to, too));
                }
            }
        }
    }

    #[test]
    fn long_addresses_stay_apart(numbers in proptest::collection::vec(any::<u128>(), 1..40)) {
        let all: BTreeSet<Ipv6Addr> = numbers.iter().copied().map(Ipv6Addr::from).collect();
        let mut map = Map::new(KEY);
        let given: BTreeSet<Ipv6Addr> = all.iter().map(|address| map.v6(*address)).collect();
        prop_assert_eq!(given.len(), all.len());
    }

    /// Names become names of their length, no two the same, whatever the order in which they came.
    #[test]
    fn names_stay_apart(names in proptest::collection::btree_set("[a-z][a-z0-9-]{0,12}", 1..80)) {
        let mut map = Map::new(KEY);
        names.iter().for_each(|name| map.avoid(name));
        let given: Vec<String> = names.iter().map(|name| map.name(name, Kind::Host)).collect();
        let apart: BTreeSet<&String> = given.iter().collect();
        prop_assert_eq!(apart.len(), names.len());
        for (name, to) in names.iter().zip(&given) {
            prop_assert!(!names.contains(to));
            prop_assert!(to.len() == name.len() || name.len() < 3);
            prop_assert_eq!(map.name(to, Kind::User), to.clone());
        }
    }

    /// Redacting what was redacted by the same map changes nothing.
    #[test]
    fn twice_is_once(host in "[a-z]{2,6}[0-9]{2,3}", user in "[a-z]{4,8}", last in 1u8..250, net in 1u8..250) {
        let line = format!("peer {host}.corp.example.com user={user} password=x{user}9 at 10.{net}.7.{last} and {host}");
        let mut once = learned(&[&line]);
        let first = once.text(&line);
        prop_assert!(!first.contains(&host) || once.map().is_given(&host), "{}", first);
        let map = Map::from_saved(&once.map().saved()).expect("it is whole");
        let mut twice = with(map, &[&first]);
        prop_assert_eq!(twice.text(&first), first);
    }

    /// Any bytes are taken, and what keeps the length does.
    #[test]
    fn nothing_breaks_it(text in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut redactor = learned(&["host=expc01.apolo.local user=ana.lee 10.48.54.75"]);
        prop_assert_eq!(redactor.same_length(&text).len(), text.len());
        prop_assert_eq!(redactor.words(&text).len(), text.len());
        let mut out = Vec::new();
        redactor.line(&text, &mut out);
        _ = der::remake(&text, &mut redactor);
    }
}
