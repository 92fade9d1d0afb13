//! Tests of PostgreSQL's log.

use super::*;
use crate::model::time::SECOND;
use crate::parse::testing::read;

/// Every field of the only record, as `name=value`.
fn fields(text: &str) -> Vec<String> {
    let mut events = read(&PostgresLog, text);
    assert_eq!(events.len(), 1, "{text}");
    let named = events.remove(0).fields.into_iter();
    named
        .map(|field| format!("{}={}", field.name, field.value))
        .collect()
}

fn time(line: &str) -> RawTime {
    read(&PostgresLog, line)[0].time
}

#[test]
fn prefixes_of_every_shape_are_read() {
    for (line, wanted) in [
        ("2026-03-02 11:22:45.754 UTC [2904] LOG:  x", "pid=2904"),
        (
            "2026-03-02 11:22:45.754 UTC [2904] app@cluster 192.0.2.10 LOG:  x",
            "pid=2904 user=app database=cluster client=192.0.2.10",
        ),
        (
            "2026-03-02 11:22:45 CET [2904]: [7-1] user=app,db=cluster,app=psql,client=192.0.2.10 LOG:  x",
            "pid=2904 user=app database=cluster application=psql client=192.0.2.10",
        ),
        (
            "2026-03-02 11:22:45 UTC:192.0.2.10(40000):app@cluster:[2904]:LOG:  x",
            "pid=2904 user=app database=cluster client=192.0.2.10 client_port=40000",
        ),
        (
            "< 2026-03-02 11:22:45.754 UTC 2001:db8::10(40000) app@cluster >LOG:  x",
            "user=app database=cluster client=2001:db8::10 client_port=40000",
        ),
        (
            "2026-03-02 11:22:45.754 UTC [2904] 57P03 [unknown]@[unknown] [local] LOG:  x",
            "pid=2904 sqlstate=57P03",
        ),
        (
            "2026-03-02 11:22:45.754 UTC [28000] sqlstate=28000 LOG:  x",
            "pid=28000 sqlstate=28000",
        ),
        ("[2904] 2026-03-02 11:22:45 UTC LOG:  x", ""),
        (
            "2026-03-02 11:22:45 UTC [2904]: [1-1] user=,db=,app=,client= LOG:  x",
            "pid=2904",
        ),
    ] {
        let mut found = fields(line);
        assert_eq!(
            found.drain(..2).collect::<Vec<_>>(),
            ["severity=LOG", "message=x"]
        );
        assert_eq!(found.join(" "), wanted, "{line}");
    }
}

#[test]
fn what_belongs_to_a_record_is_joined_to_it() {
    let text = "2026-03-02 11:22:45.754 UTC [9] ERROR:  first\n\tsecond\n\
                2026-03-02 11:22:45.754 UTC [9] DETAIL:  why\n\
                2026-03-02 11:22:45.754 UTC [9] HINT:  try\n\
                2026-03-02 11:22:45.754 UTC [9] STATEMENT:  SELECT 1,\n\t2\n";
    assert_eq!(
        fields(text),
        [
            "severity=ERROR",
            "message=first\n\tsecond",
            "detail=why",
            "hint=try",
            "statement=SELECT 1,\n\t2",
            "pid=9",
        ]
    );
}

#[test]
fn messages_name_the_client() {
    assert_eq!(
        fields("2026-03-02 11:22:45 UTC [9] LOG:  connection received: host=192.0.2.10 port=40000")
            [2..],
        ["pid=9", "client=192.0.2.10", "client_port=40000"]
    );
    assert_eq!(
        fields(
            "2026-03-02 11:22:45 UTC [9] FATAL:  no pg_hba.conf entry for host \"192.0.2.10\", user \"a\""
        )[2..],
        ["pid=9", "client=192.0.2.10"]
    );
    // what a statement quotes says nothing of its session
    assert_eq!(
        fields("2026-03-02 11:22:45 UTC [9] LOG:  statement: SELECT 'host=192.0.2.10'")[2..],
        ["pid=9"]
    );
}

#[test]
fn severities_are_one_word_in_every_language() {
    for (word, wanted) in [
        ("FATAL", "FATAL"),
        ("치명적오류", "FATAL"),
        ("오류", "ERROR"),
        ("ERRO", "ERROR"),
        ("PÂNICO", "PANIC"),
        ("DEBUG3", "DEBUG"),
    ] {
        let line = format!("2026-03-02 11:22:45 UTC [9] {word}:  x");
        assert_eq!(fields(&line)[0], format!("severity={wanted}"));
    }
}

#[test]
fn zones_are_read_and_ambiguous_ones_are_left_open() {
    let utc = 1_772_450_565_000_000;
    let hour = 3600 * SECOND;
    for (zone, wanted) in [
        ("UTC", RawTime::Instant(utc)),
        ("CET", RawTime::Instant(utc - hour)),
        ("-03", RawTime::Instant(utc + 3 * hour)),
        ("+05:30", RawTime::Instant(utc - 5 * hour - hour / 2)),
        ("CST", RawTime::Local(utc)),
        ("", RawTime::Local(utc)),
    ] {
        assert_eq!(
            time(&format!("2026-03-02 11:22:45 {zone} [9] LOG:  x")),
            wanted,
            "{zone}"
        );
    }
    assert_eq!(time("2026-03-02 11:22:45 LOG:  x"), RawTime::Local(utc));
}

#[test]
fn texts_of_others_are_not_ours() {
    for line in [
        "LOG:  x",
        "ERROR:  relation \"a\" does not exist",
        "2026-03-02 11:22:45 ERROR: a program of somebody else",
        "2026-03-02 11:22:45 UTC [9] CATALOG:  x",
        "2026-03-02 11:22:45 UTC [9] STATEMENT:  of a record that is not here",
        "\t2026-03-02 11:22:45 UTC [9] LOG:  x",
        "2026-13-02 11:22:45 UTC [9] LOG:  x",
        "2026-03-02 11:22:45 UTC [9] LOG",
        "",
    ] {
        assert!(read(&PostgresLog, line).is_empty(), "{line}");
        assert_eq!(
            PostgresLog.probe(line.as_bytes()),
            Probe::NotForUs,
            "{line}"
        );
    }
}

#[test]
fn csv_records_are_read_whatever_the_release() {
    let start = "2026-03-02 11:22:45.754 UTC,\"app\",\"cluster\",2904,\"192.0.2.10:40000\",69a5.b58,3,\"idle\",2026-03-02 11:22:40 UTC,3/7,0";
    let known = "pid=2904 user=app database=cluster";
    let client = "client=192.0.2.10 client_port=40000 sqlstate=42P01";
    // release 8.4 has no name of the application, 9.0 to 12 nothing behind it
    for (rest, application) in [
        ("", ""),
        (",\"psql\"", " application=psql"),
        (",\"psql\",\"client backend\"", " application=psql"),
        (",\"psql\",\"client backend\",,0", " application=psql"),
    ] {
        let line = format!(
            "{start},ERROR,42P01,\"relation \"\"a\"\", does not exist\",\"why\",\"try\",,,\"where\",\"SELECT 1,\n  2 FROM \"\"a\"\"\",8,\"here\"{rest}\n"
        );
        let wanted = format!(
            "severity=ERROR|message=relation \"a\", does not exist|detail=why|hint=try|statement=SELECT 1,\n  2 FROM \"a\"|context=where|location=here|{}",
            format!("{known}{application} {client}").replace(' ', "|")
        );
        assert_eq!(fields(&line).join("|"), wanted, "{rest}");
    }
    // copies are often quoted through and through
    let copied = "\"2026-03-02 11:22:45.754 UTC\",,,2904,,69a5.b58,3,,\"2026-03-02 11:22:40 UTC\",,0,LOG,00000,\"x\",,,,,,,,,\"\"";
    assert_eq!(
        fields(copied).join(" "),
        "severity=LOG message=x pid=2904 sqlstate=00000"
    );
    assert_eq!(time(copied), RawTime::Instant(1_772_450_565_754_000));
}

#[test]
fn a_csv_record_that_does_not_end_takes_no_other_with_it() {
    let open =
        "2026-03-02 11:22:45 UTC,,,9,,1.9,1,,2026-03-02 11:22:40 UTC,,0,LOG,00000,\"never closed";
    let next = "2026-03-02 11:22:46 UTC,,,9,,1.9,2,,2026-03-02 11:22:40 UTC,,0,FATAL,57P03,\"y\",,,,,,,,,\"\"";
    let found = read(&PostgresLog, &format!("{open}\nmore\n{next}\n"));
    let messages: Vec<_> = found
        .iter()
        .filter_map(|event| event.first("message"))
        .collect();
    assert_eq!(messages, ["never closed\nmore", "y"]);
}

#[test]
fn json_records_are_read_whoever_wrote_them() {
    let wanted = "severity=FATAL message=no \"x\" detail=d statement=S pid=7 user=u database=b application=a client=192.0.2.10 client_port=4 sqlstate=28P01";
    let own = r#"{"timestamp":"2026-03-02 11:22:45.754 UTC","user":"u","dbname":"b","pid":7,"remote_host":"192.0.2.10","remote_port":4,"error_severity":"FATAL","state_code":"28P01","message":"no \"x\"","detail":"d","statement":"S","application_name":"a","query_id":0}"#;
    assert_eq!(fields(own).join(" "), wanted);
    assert_eq!(time(own), RawTime::Instant(1_772_450_565_754_000));
    let operator = r#"{"level":"info","ts":"2026-03-02T11:22:45Z","logger":"postgres","msg":"record","logging_pod":"db-1","record":{"log_time":"2026-03-02 11:22:45.754 UTC","user_name":"u","database_name":"b","process_id":"7","connection_from":"192.0.2.10:4","error_severity":"FATAL","sql_state_code":"28P01","message":"no \"x\"","detail":"d","query":"S","application_name":"a"}}"#;
    assert_eq!(fields(operator).join(" "), format!("{wanted} host=db-1"));
    assert_eq!(time(operator), RawTime::Instant(1_772_450_565_754_000));
    for wrapped in [
        r#"{"log":"2026-03-02 11:22:45 UTC [7] LOG:  say \"x\"\n","stream":"stderr"}"#,
        r#"{"insertId":"1","textPayload":"2026-03-02 11:22:45 UTC [7] LOG:  say \"x\""}"#,
    ] {
        assert_eq!(
            fields(wrapped).join(" "),
            "severity=LOG message=say \"x\" pid=7"
        );
    }
    // one that was cut is counted
    let cut = own.get(..own.len() - 3).expect("it is longer");
    assert!(read(&PostgresLog, cut).is_empty());
    assert_eq!(PostgresLog.probe(cut.as_bytes()), Probe::Certain);
}

#[test]
fn records_in_syslog_are_put_together() {
    let text = "Mar  2 11:22:45 db1 postgres[9]: [7-1] user=app,db=cluster,client=192.0.2.10 ERROR:  first\n\
                Mar  2 11:22:45 db1 postgres[10]: [7-1] user=,db= LOG:  other\n\
                Mar  2 11:22:45 db1 postgres[9]: [7-2] #011second\n\
                Mar  2 11:22:45 db1 postgres[9]: [7-3] user=app,db=cluster,client=192.0.2.10 DETAIL:  why\n";
    let events = read(&PostgresLog, text);
    let shown: Vec<String> = events
        .iter()
        .map(|event| {
            let fields = event.fields.iter();
            let fields: Vec<_> = fields.map(|f| format!("{}={}", f.name, f.value)).collect();
            format!("{} {}", event.line, fields.join(" "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "1 severity=ERROR message=first\n\tsecond detail=why user=app database=cluster client=192.0.2.10 pid=9 host=db1",
            "2 severity=LOG message=other pid=10 host=db1",
        ]
    );
    assert_eq!(
        events[0].time,
        RawTime::Yearless {
            month: 3,
            day: 2,
            micros: 40_965 * SECOND
        }
    );
}

#[test]
fn the_journal_and_collectors_are_syslog_too() {
    for (text, wanted) in [
        (
            "Mar  2 11:22:45 db1 postgres[9]: 2026-03-02 11:22:45 UTC [9] FATAL:  x\n\
             Mar  2 11:22:45 db1 postgres[9]:         y\n\
             Mar  2 11:22:45 db1 postgres[9]: 2026-03-02 11:22:45 UTC [9] DETAIL:  z\n",
            "severity=FATAL message=x\ny detail=z pid=9 host=db1",
        ),
        (
            "2026-03-02T11:22:45+00:00 app[postgres.9]: [GREEN] [3-1]  sql_error_code = 57P03 FATAL:  x\n\
             2026-03-02T11:22:45+00:00 app[postgres.9]: [GREEN] [3-2]  sql_error_code = 57P03 HINT:  z\n",
            "severity=FATAL message=x hint=z sqlstate=57P03 pid=9",
        ),
        (
            "2026-03-02T11:22:45.1Z db1 postgres 9 - - [3-1] user=u,db= FATAL:  x\n",
            "severity=FATAL message=x user=u pid=9 host=db1",
        ),
    ] {
        let found = read(&PostgresLog, text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(fields(text).join(" "), wanted);
        assert_eq!(PostgresLog.probe(text.as_bytes()), Probe::Certain);
    }
}

#[test]
fn syslog_of_a_meeting_server_stays_what_it_is() {
    let own = "Mar 30 11:22:45 user.info acanosrv05 dbcluster_watcher:  Operation Complete\n";
    let sent = "Mar 30 11:22:46 acanosrv05 postgres[9]: [7-1] user= LOG:  x\n";
    assert_eq!(PostgresLog.probe(sent.as_bytes()), Probe::Certain);
    assert_eq!(
        PostgresLog.probe(format!("{own}{sent}").as_bytes()),
        Probe::NotForUs
    );
    let part = "Mar 30 12:39:04 local0.warning ClusterCore1 postgres[20882]:  [2-1] ERROR:  z\n";
    assert_eq!(PostgresLog.probe(part.as_bytes()), Probe::NotForUs);
}
