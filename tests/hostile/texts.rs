//! Logs and dumps.

use std::fmt::Write as _;
use std::io::Write as _;

use super::child::{Folder, Ran, flood, good_log, size};

#[test]
fn a_line_of_a_gigabyte_is_read_in_part_and_told() {
    let folder = Folder::new();
    let ran = folder.diagnose_stream(|input| {
        let piece = vec![b'x'; 1 << 20];
        if flood(input, b"2020-08-12T19:57:43.000+00:00 expc01 tvcs: ", 1)
            && flood(input, &piece, 1024)
            && flood(input, b"\n", 1)
        {
            let _ = input.write_all(&good_log());
        }
    });
    let ran = ran.has_the_good_logs_fault();
    ran.says("-", "1 lines longer than 64 KiB");
    assert!(ran.report()["coverage"][0]["bytes"].as_u64().unwrap() > 1 << 30);
}

#[test]
fn a_million_empty_lines_hide_nothing() {
    let folder = Folder::new();
    let ran = folder.diagnose_stream(|input| {
        let _ = flood(input, &[b'\n'; 1000], 1000) && flood(input, &good_log(), 1);
    });
    let ran = ran.has_the_good_logs_fault();
    let evidence = &ran.report()["clusters"][0]["diagnoses"][0]["evidence"][0];
    assert!(evidence["line"].as_u64().unwrap() > 1_000_000, "{evidence}");
}

/// An alarm that names a number of its own, from a node of its own if asked for.
fn alarm(text: &mut String, at: usize, host: &str, id: usize) {
    let (h, m, s) = (at / 3600 % 24, at / 60 % 60, at % 60);
    let _ = writeln!(
        text,
        "2020-08-{:02}T{h:02}:{m:02}:{s:02}.000+00:00 {host} alarm: Level=\"WARN\" Event=\"Alarm Raised\" Id=\"{id}\" UUID=\"{at:08x}-d954\" Severity=\"warning\" Detail=\"Something: is wrong\" UTCTime=\"2020-08-12 {h:02}:{m:02}:{s:02},000\"",
        1 + at / 86_400 % 28
    );
}

/// What the program says to so many records, given as they are made, and the good log behind them.
fn storm(times: usize, record: impl Fn(&mut String, usize) + Send + 'static) -> Ran {
    let folder = Folder::new();
    let ran = folder.diagnose_stream(move |input| {
        let mut text = String::new();
        for at in 0..times {
            record(&mut text, at);
            if text.len() > 1 << 20 {
                if !flood(input, text.as_bytes(), 1) {
                    return;
                }
                text.clear();
            }
        }
        let _ = flood(input, text.as_bytes(), 1) && flood(input, &good_log(), 1);
    });
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    ran
}

/// Entries of the report's lists, over all clusters, and how many more there are.
fn listed(ran: &Ran, list: &str) -> (usize, u64) {
    let report = ran.report();
    let clusters = report["clusters"].as_array().unwrap().iter();
    let told = clusters.map(|cluster| cluster[list].as_array().unwrap().len());
    (told.sum(), report["omitted"][list].as_u64().unwrap())
}

const LOST: &str = "records that rules matched were left out";

#[test]
fn ids_of_alarms_without_number_hide_nothing() {
    let times = size(12_000, 1_000_000);
    let ran = storm(times, |text, at| alarm(text, at, "expc01", 10_000 + at));
    let ran = ran.has_the_good_logs_fault();
    let (told, more) = listed(&ran, "diagnoses");
    assert!(told <= 10_000 && more > 0, "{told} + {more}");
    if times > 50_000 {
        ran.says("-", LOST);
    }
}

#[test]
fn names_of_nodes_without_number_hide_nothing() {
    let times = size(11_000, 1_000_000);
    let ran = storm(times, |text, at| {
        alarm(text, at, &format!("h{at}"), 20_004);
    });
    let ran = ran.has_the_good_logs_fault();
    let (told, more) = listed(&ran, "nodes");
    assert!(told <= 10_000 && more > 0, "{told} + {more}");
    if times > 50_000 {
        ran.says("-", LOST);
    }
}

/// Several rules match such a record, so that not many are needed to use up the places for runs.
/// Of the good log, whose fault has the same kind of records, not all can be kept then; what is
/// left must not look like another fault.
#[test]
fn a_report_of_which_a_storm_took_evidence_is_not_complete_and_not_wrong() {
    let ran = storm(size(13_000, 300_000), |text, at| {
        let (h, m, s) = (at / 3600 % 24, at / 60 % 60, at % 60);
        let _ = writeln!(
            text,
            "2020-08-12T{h:02}:{m:02}:{s:02}.000+00:00 host{at} UTCTime=\"2020-08-12 {h:02}:{m:02}:{s:02},000\" Module=\"developer.clusterdb.cdb\" Level=\"INFO\" Node=\"clusterdb@host{at}.apolo.local\" PID=\"<0.159.0>\" Detail=\"Processed mnesia_down event from accessible node\" Node=\"clusterdb@peer{at}.apolo.local\""
        );
    });
    ran.says("-", LOST);
    assert_eq!(ran.coverage()[0].1, "partial");
    let split = "expressway.cluster.partitioned";
    assert!(!ran.faults().contains(split));
    let report = ran.report();
    let told = report["clusters"].as_array().unwrap().len();
    let more = report["omitted"]["clusters"].as_u64().unwrap();
    assert!(told <= 2_000 && more > 0, "{told} + {more}");
}

#[test]
fn a_list_of_peers_without_end_hides_nothing() {
    let folder = Folder::with_good_log();
    let peers: Vec<String> = (0..50_000)
        .map(|at| format!("u'(10.{}.{}.{} p{at})'", at >> 16, at >> 8 & 255, at & 255))
        .collect();
    let list = format!(
        "2020-08-12T19:57:43.000+00:00 expc01 UTCTime=\"2020-08-12 19:57:43,000\" Module=\"developer.replication\" Level=\"INFO\" AlternateIPAddresses=\"[{}]\"\n",
        peers.join(", ")
    );
    folder.file("peers.txt", list);
    folder.diagnose().has_the_good_logs_fault();
}

/// The longest list there can be in earnest: six peers with long names.
#[test]
fn all_peers_of_a_large_cluster_are_seen_and_no_half_names() {
    let label = "a".repeat(60);
    let name = |at| format!("peer{at}.{label}.{label}.{label}.example.com");
    let peers: Vec<String> = (0..6)
        .map(|at| format!("u'(10.0.0.{at} {})'", name(at)))
        .collect();
    let good = String::from_utf8(good_log()).unwrap();
    let sample = "u'(10.15.13.15 expc01)', u'(10.15.13.16 expc02)'";
    let nodes = |peers: &[String]| {
        let folder = Folder::new();
        folder.file("log.txt", good.replace(sample, &peers.join(", ")));
        let report = folder.diagnose().report();
        let clusters = report["clusters"].as_array().unwrap().iter();
        let nodes = clusters.flat_map(|cluster| cluster["nodes"].as_array().unwrap());
        let names = nodes.map(|node| node["name"].as_str().unwrap().to_owned());
        names
            .filter(|name| name.starts_with("peer"))
            .collect::<Vec<_>>()
    };
    assert!(good.contains(sample));
    // the first one is the node that writes, known by its own name
    assert_eq!(nodes(&peers), (1..6).map(name).collect::<Vec<_>>());
    let too_many: Vec<String> = (0..30)
        .map(|at| format!("u'(10.0.0.{at} {})'", name(at)))
        .collect();
    let seen = nodes(&too_many);
    assert!(!seen.is_empty() && seen.iter().all(|name| name.ends_with(".example.com")));
}

#[test]
fn nothing_from_a_log_acts_on_a_terminal() {
    let folder = Folder::new();
    let good = String::from_utf8(good_log()).unwrap();
    let odd = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{2066}\u{200b}\u{9b}31m\r\u{8}";
    let text = good.replace("accessible node", &format!("accessible node {odd}"));
    assert_ne!(text, good);
    let mut bytes = text.into_bytes();
    // not UTF-8: a lone continuation, an overlong slash, a surrogate, a byte of no text
    bytes.extend_from_slice(b"\x80\xc0\xaf\xed\xa0\x80\xff broken\n");
    folder.file(&format!("name{}\u{202e}.txt", '\u{1b}'), bytes);
    folder.diagnose().has_the_good_logs_fault();
    for arguments in [
        vec!["diagnose", "."],
        vec!["diagnose", ".", "--why", super::child::FAULT],
    ] {
        let ran = folder.run(&arguments);
        assert_eq!(ran.code, Some(1));
        for text in [&ran.out, &ran.err] {
            let acts = |c: char| c.is_control() && c != '\n';
            let turns =
                |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}');
            assert!(!text.chars().any(|c| acts(c) || turns(c)), "{text:?}");
        }
    }
}

#[test]
fn entities_of_xml_are_not_expanded_and_depth_is_bounded() {
    let folder = Folder::with_good_log();
    let mut laughs =
        "<?xml version=\"1.0\"?>\n<!DOCTYPE Configuration [\n<!ENTITY l0 \"lol\">\n".to_owned();
    for at in 1..30 {
        let _ = writeln!(
            laughs,
            "<!ENTITY l{at} \"{}\">",
            format!("&l{};", at - 1).repeat(10)
        );
    }
    laughs.push_str("]>\n<Configuration>\n<SystemUnit item=\"1\"><Name item=\"1\">&l29;</Name></SystemUnit>\n</Configuration>\n");
    folder.file("xconf_dump_a.xml", laughs);
    let deep = format!(
        "<?xml version=\"1.0\"?>\n<Configuration>\n{}{}</Configuration>\n",
        "<A item=\"1\">\n".repeat(40_000),
        "</A>\n".repeat(40_000)
    );
    folder.file("xconf_dump_b.xml", deep);
    folder.diagnose().has_the_good_logs_fault();
}

#[test]
fn a_reason_of_any_depth_is_read() {
    let folder = Folder::with_good_log();
    let mut text = String::new();
    for depth in [10, 1000, 60_000, 1_000_000] {
        let reason = format!("{}{}", "{badrpc,[".repeat(depth), "]}".repeat(depth));
        let _ = writeln!(
            text,
            "2020-08-12T19:57:43.000+00:00 expc01 UTCTime=\"2020-08-12 19:57:43,000\" Module=\"developer.clusterdb.cdb\" Level=\"ERROR\" Node=\"clusterdb@expc01.apolo.local\" Detail=\"failed\" Reason=\"{reason}\""
        );
    }
    folder.file("deep.txt", text);
    folder.diagnose().has_the_good_logs_fault();
}

#[test]
fn absurd_dates_do_no_harm() {
    let folder = Folder::with_good_log();
    let mut text = String::new();
    for stamp in [
        "0000-00-00T00:00:00.000+00:00",
        "0000-01-01T00:00:00.000+00:00",
        "9999-12-31T23:59:60.999+23:59",
        "9999-12-31T23:59:59.999-23:59",
        "99999-01-01T00:00:00.000+00:00",
        "2020-13-45T25:61:61.000+00:00",
        "2020-02-30T00:00:00.000+00:00",
        "-292277022399-01-01T00:00:00.000Z",
        "2020-08-12T19:57:43.000+99:99",
        "2020-08-12T19:57:43.99999999999999999999+00:00",
    ] {
        for host in ["expc01", "expc09"] {
            let _ = writeln!(
                text,
                "{stamp} {host} alarm: Level=\"WARN\" Event=\"Alarm Raised\" Id=\"20004\" UUID=\"1\" Severity=\"warning\" Detail=\"Cluster communication failure\" UTCTime=\"{stamp}\""
            );
        }
    }
    folder.file("dates.txt", &text);
    for stamp in [
        "Feb 30 99:99:99",
        "Abc 99 12:00:00",
        "Mar  0 12:39:04",
        "Mar 30 12:39:04",
    ] {
        folder.file(
            &format!("{}/syslog", stamp.len()),
            format!("{stamp} local0.err cms1 postgres[1]:  [1-1] FATAL:  no\n").repeat(3),
        );
    }
    folder.diagnose().has_the_good_logs_fault();
    for year in ["1", "9999"] {
        let ran = folder.run(&["diagnose", ".", "--format", "json", "--year", year]);
        assert!(matches!(ran.code, Some(1 | 2)), "{year}: {}", ran.err);
    }
}
