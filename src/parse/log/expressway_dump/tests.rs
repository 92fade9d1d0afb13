use proptest::prelude::*;

use super::*;
use crate::parse::chunk::STRETCH_CAP;
use crate::parse::testing::{events, read};
use crate::parse::{Choice, LOG_PARSERS, choose};

fn values(text: &str) -> Vec<String> {
    let of = |event: &Event<'_>| {
        Some(format!(
            "{} {}={}",
            event.line,
            event.first("key")?,
            event.first("value")?
        ))
    };
    read(&ExpresswayDump, text).iter().filter_map(of).collect()
}

fn field(text: &str, key: &str, name: &str) -> Vec<String> {
    let events = read(&ExpresswayDump, text);
    let event = events
        .iter()
        .find(|event| event.first("key") == Some(key))
        .unwrap_or_else(|| panic!("{key} in {events:?}"));
    event.all(name).map(str::to_owned).collect()
}

const CONFIG: &str = "\
*c xConfiguration Alternates Cluster Name: \"cluster.apolo.local\"
*c xConfiguration Alternates ConfigurationMaster: 2
*c xConfiguration Alternates Peer 1 Address: \"10.15.13.15\"
*c xConfiguration Alternates Peer 2 Address: \"10.15.13.16\"
*c xConfiguration Alternates Peer 3 Address: \"\"
*c xConfiguration Ethernet 1 IP V4 Address: \"10.15.13.15\"
*c xConfiguration IP DNS Hostname: \"expc01\"
*c xConfiguration IP DNS Server 1 Address: \"\"
";

#[test]
fn configuration_lines_are_leaves() {
    assert_eq!(
        values(
            "xConfiguration H323 Mode: On\n*c  XCONFIGURATION NTP Server 1  Address: \"a b\" \n"
        ),
        ["1 H323 Mode=On", "2 NTP Server 1 Address=a b"]
    );
    assert_eq!(
        field(CONFIG, "Alternates Peer 1 Address", "members"),
        ["[(10.15.13.15), (10.15.13.16)]"]
    );
    let first = |name| field(CONFIG, "Alternates Peer 1 Address", name);
    assert_eq!(first("self_index"), ["0"]);
    assert_eq!(first("primary_index"), ["1"]);
    assert_eq!(first("host"), ["expc01"]);
    assert_eq!(first("own"), ["true"]);
    assert_eq!(first("configured"), ["2"]);
    assert_eq!(
        field(CONFIG, "IP DNS Server 1 Address", "configured"),
        ["0"]
    );
}

#[test]
fn documents_and_commands_are_no_dumps() {
    for text in [
        "xConfiguration H323 Mode: <On/Off>\n",
        "xConfiguration Alternates Peer [1..6] Address: <S: 0, 128>\n",
        "xConfiguration\n",
        "Example: xConfiguration H323 Mode: On\n",
        "*stars: 5\n* list: x\n*s note: x\n",
        "<Status>running</Status>\n",
    ] {
        assert!(values(text).is_empty(), "{text}");
        assert_eq!(
            ExpresswayDump.probe(text.as_bytes()),
            Probe::NotForUs,
            "{text}"
        );
    }
}

#[test]
fn sections_are_read_in_every_shape() {
    let indented = "*s SystemUnit: /\n  Product: \"VCS\"\n  Software: /\n    Version: \"X14.0.7\"\n    Build: 3\n  Uptime: 5\n*s/end\n  Late: 1\n";
    assert_eq!(
        values(indented),
        [
            "2 SystemUnit Product=VCS",
            "4 SystemUnit Software Version=X14.0.7",
            "5 SystemUnit Software Build=3",
            "6 SystemUnit Uptime=5"
        ]
    );
    assert_eq!(
        values("*s H323 Registration Status: Active\n"),
        ["1 H323 Registration Status=Active"]
    );
    let flat = "*s Alarm:\nAlarm 1:\nID: 20006\nState: \"raised\"\nAlarm 2:\nID: 20007\n*s/end\n";
    assert_eq!(
        values(flat),
        [
            "3 Alarm Alarm 1 ID=20006",
            "4 Alarm Alarm 1 State=raised",
            "6 Alarm Alarm 2 ID=20007"
        ]
    );
}

#[test]
fn xml_gives_the_keys_of_the_text() {
    let xml = "<?xml version=\"1.0\"?>\n<Configuration xmlns=\"http://www.tandberg.no/XML/CUIL/1.0\">\n<Alternates item=\"1\"><Peer item=\"1\"><Address item=\"1\">10.15.13.15</Address></Peer>\n<Peer item=\"2\"><Address item=\"1\">10.15.13.16</Address></Peer></Alternates>\n<SystemUnit item=\"1\"><Name item=\"1\">expc01</Name></SystemUnit></Configuration>\n";
    assert_eq!(
        values(xml),
        [
            "3 Alternates Peer 1 Address=10.15.13.15",
            "4 Alternates Peer 2 Address=10.15.13.16",
            "5 SystemUnit Name=expc01"
        ]
    );
    assert_eq!(ExpresswayDump.probe(xml.as_bytes()), Probe::Certain);
    let status = "<Status product=\"TANDBERG VCS\" version=\"X12.7\"><SystemUnit><Software><Version>X12.7.1</Version></Software></SystemUnit></Status>";
    assert_eq!(
        values(status),
        ["1 Version=X12.7", "1 SystemUnit Software Version=X12.7.1"]
    );
}

#[test]
fn alarms_are_told_with_their_state() {
    let text = "*s Alarms: /\n  Alarm 1: /\n    ID: 20018\n    Title: \"Invalid clustering configuration\"\n    Description: \"H.323 mode must be turned On\"\n    State: \"raised\"\n  Alarm 2:\n    ID: 40049\n    State: lowered\n*s/end\n";
    let events = read(&ExpresswayDump, text);
    let alarms: Vec<_> = events
        .iter()
        .filter(|event| event.format == "expressway.alarm")
        .map(|e| (e.line, e.first("Id"), e.first("words"), e.first("open")))
        .collect();
    assert_eq!(
        alarms,
        [
            (
                3,
                Some("20018"),
                Some("Invalid clustering configuration: H.323 mode must be turned On"),
                Some("true")
            ),
            (8, Some("40049"), Some(""), Some("false"))
        ]
    );
}

#[test]
fn a_repeated_key_begins_another_dump() {
    let other = CONFIG
        .replace("expc01", "expc02")
        .replace("4 Address: \"10.15.13.15\"", "4 Address: \"10.15.13.16\"");
    let events = read(&ExpresswayDump, &format!("{CONFIG}{other}"));
    let hosts: Vec<&str> = events
        .iter()
        .filter(|event| event.first("members").is_some())
        .filter_map(|event| event.first("host"))
        .collect();
    assert_eq!(hosts, ["expc01", "expc02"]);
}

#[test]
fn what_rules_ask_about_peer_addresses_is_worked_out() {
    let is = |extra: &str, key: &str| field(&format!("{CONFIG}{extra}"), key, "is");
    let none: [String; 0] = [];
    assert_eq!(is("", "Alternates Peer 1 Address"), none);
    let nat = "xConfiguration Ethernet 1 IP V4 StaticNAT Mode: On\nxConfiguration Ethernet 1 IP V4 StaticNAT Address: \"10.15.13.16\"\n";
    assert_eq!(is(nat, "Alternates Peer 2 Address"), ["static-nat"]);
    assert_eq!(
        is(&nat.replace("On", "Off"), "Alternates Peer 2 Address"),
        none
    );
    let dual = "xConfiguration Ethernet 2 IP V4 Address: \"10.15.14.15\"\nxConfiguration IP External Interface: LAN1\n";
    assert_eq!(
        is(dual, "Alternates Peer 1 Address"),
        ["external-interface"]
    );
    assert_eq!(
        is(&dual.replace("LAN1", "LAN2"), "Alternates Peer 1 Address"),
        none
    );
    let zone = "xConfiguration Zones Zone 3 Neighbor Peer 1 Address: \"10.15.13.16\"\n";
    assert_eq!(
        is(zone, "Zones Zone 3 Neighbor Peer 1 Address"),
        ["cluster-peer"]
    );
    let edge = "xConfiguration Zones Zone 3 Type: TraversalServer\n";
    assert_eq!(
        is(edge, "Alternates Peer 1 Address"),
        ["private-single-interface"]
    );
    let six = "xConfiguration Alternates Peer 4 Address: \"2001:db8::4\"\n";
    assert_eq!(is(six, "Alternates Peer 4 Address"), ["other-ip-version"]);
    let mapping = "xConfiguration Alternates Peer 5 Address: \"c5.apolo.local\"\nxConfiguration Alternates TLSVerify: Enforcing\nxConfiguration Cluster Address Mapping Mode: On\nxConfiguration Cluster Address Mapping 1 Fqdn: \"C1.apolo.local\"\n";
    assert_eq!(is(mapping, "Alternates Peer 5 Address"), ["unmapped"]);
    assert_eq!(
        is(&mapping.replace("C1", "c5"), "Alternates Peer 5 Address"),
        none
    );
}

#[test]
fn option_keys_are_compared_without_pooled_licences() {
    let text = "*s Options:\n  Option 1:\n    Key: \"116341G00-1-AAAAAAAA\"\n    Description: \"H323-SIP Interworking Gateway\"\n  Option 2:\n    Description: \"25 Rich Media Sessions\"\n  Option 3:\n    Description: \"Expressway Series\"\n*s/end\n";
    assert_eq!(
        field(text, "Options Option 1 Description", "option_set"),
        ["expressway series, h323-sip interworking gateway"]
    );
    assert_eq!(field(text, "Options Option 3 Description", "type"), ["C"]);
}

#[test]
fn a_log_line_ends_a_dump() {
    let log = "2020-08-12T14:57:43.353-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:57:43,353\" Detail=\"x\"\n";
    let text = format!("{CONFIG}{log}xConfiguration Alternates Peer 4 Address: \"10.15.13.18\"\n");
    assert_eq!(field(&text, "Alternates Peer 1 Address", "peers"), ["2"]);
    assert_eq!(field(&text, "Alternates Peer 4 Address", "peers"), ["1"]);
    let choice = choose(text.as_bytes()).expect("both are known");
    let ids: Vec<&str> = choice.parsers.iter().map(|parser| parser.id()).collect();
    assert_eq!(ids, ["expressway.log", "expressway.dump"]);
}

/// The events of a text by every parser, in chunks of about `target` bytes.
fn cut(text: &str, target: usize) -> Vec<Vec<Event<'static>>> {
    let choice = Choice {
        parsers: LOG_PARSERS.to_vec(),
        repair: false,
    };
    events(text.as_bytes(), &choice, target, 4096)
}

#[test]
fn only_another_document_parts_a_dump() {
    let unfinished = "<Configuration>\n<Alternates item=\"1\">\n";
    let nested = "<Status>\n<Zones>\n <Status>\n</Status>\n<Status item=\"1\">Active</Status>\n\
                  <Status>Failed</Status>\n</Zones>\n</Status>\n";
    let section = "*s SystemUnit: /\n note\nStatus: Enabled\n  Product: \"x\"\n*s/end\n";
    let far = format!("*s SystemUnit: /\n{}Status: x\n", "note\n".repeat(1000));
    for text in [
        &format!("{unfinished}{unfinished}<Peer>\n</Peer>\n"),
        nested,
        section,
        "*s Alarm 2:\nID: 1\nMar 3 10:16:10 user.info c d:  x\n",
        "*s Alarm 1 Description: x\n<Configuration>\n",
        "<Status>\n<Alarm item=\"1\">\n<ID>1</ID>\n<Status>\n</Status>\n",
        &far,
        &far.replace("note\n", "<!-- note\n"),
        &format!("<Status>\n<A>{}", far.replace("*s ", "cms1> pki match ")),
        &format!("<?xml version=\"1.0\"?>\n{nested}"),
        "*c xConfiguration A: \"1\"\n<?xml?>\n*c xConfiguration B: \"2\"\n",
        "*s Alarm 1:\nID: 15019\nSeverity: \"crit\nMar 3 10:16:10 user.info c d:  x\nMar 3 10:16:11 user.info c d:  x\n",
        "*s Alarm 1:\nID: 15019\n<?xml?>\n<Configuration>\n</Configuration>\n",
        "*s Alarm 1:\nID: 15019\ncms1> pki match a b\nnothing\nat all\n",
    ] {
        let whole = cut(text, 1 << 20);
        for target in [1, 20, 60, 3000] {
            assert_eq!(cut(text, target), whole, "{text}");
        }
    }
    for line in [
        " <Status>",
        "<Status item=\"1\">",
        "<Status>Failed</Status>",
    ] {
        assert!(!ExpresswayDump.is_record_start(line.as_bytes()), "{line}");
    }
}

#[test]
fn hostile_dumps_take_bounded_time() {
    let start = std::time::Instant::now();
    let deep = format!(
        "<Status><SystemUnit>{}{}",
        "<A>".repeat(15),
        "<B/>".repeat(60_000)
    );
    for text in [
        "<?xml\n".repeat(20_000),
        "<Status\n".repeat(20_000),
        deep,
        "*s A:\n".repeat(20_000),
    ] {
        read(&ExpresswayDump, &text);
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn no_text_harms(text in "(\\PC|[\\n<>/\":*& ]|\\*s |\\*c xConfiguration |<Status>|</?[ab]( item=\"1\")?>|Alarm 1: ){0,60}") {
        read(&ExpresswayDump, &text);
        let _ = ExpresswayDump.probe(text.as_bytes());
    }
}

#[test]
fn a_dump_of_megabytes_is_read_as_one_with_and_without_line_feeds() {
    for end in ["\n", ""] {
        let mut text = format!(
            "<Status version=\"X14.0.7\">{end}<SystemUnit><Name>e1</Name></SystemUnit>{end}"
        );
        for n in 0..9000 {
            text += &format!(
                "<Registration item=\"{n}\"><Alias>user{n}@example.com</Alias><Note>{:100}</Note></Registration>{end}",
                n
            );
        }
        text += "<Alarm item=\"1\"><ID>20006</ID><State>Raised</State></Alarm></Status>\n";
        assert!(text.len() > STRETCH_CAP);
        let choice = choose(text.as_bytes()).unwrap();
        for (target, block) in [(1 << 20, 1 << 16), (1 << 16, 5000)] {
            let events: Vec<_> = events(text.as_bytes(), &choice, target, block).concat();
            let alarms = events
                .iter()
                .filter(|event| event.format == "expressway.alarm");
            assert_eq!(alarms.count(), 1, "{end:?}");
            let version = events.iter().find_map(|event| event.first("version"));
            assert_eq!(version, Some("X14.0.7"), "{end:?}");
        }
    }
}

#[test]
fn what_is_beyond_the_limits_is_counted_and_alarms_are_kept() {
    let mut text = String::from("*s Zones: /\n");
    for n in 0..MAX_LEAVES + 10 {
        text += &format!(" Zone {n} Name: a\n");
    }
    text += "*s/end\n*s Alarm 1: /\n ID: 20006\n State: raised\n*s/end\n";
    let chunk = Chunk {
        bytes: text.into_bytes(),
        first_line: 1,
        line_numbers: None,
    };
    let mut alarms = 0;
    let stats = ExpresswayDump.parse(&chunk, None, &mut |event| {
        alarms += usize::from(event.format == "expressway.alarm");
    });
    assert_eq!((alarms, stats.dropped), (1, 10));
}
