use proptest::prelude::*;

use super::*;
use crate::model::event::Event;
use crate::parse::testing::{chunks, events, read_chosen};
use crate::parse::{Choice, choose};

/// A page turned into text: bold words on lines of their own, blanks that do not break.
const KOREAN_PAGE: &str = "\
출력은 다음과 유사합니다.

\u{a0}

\u{a0} Status                   : Enabled\u{a0}
\u{a0} Nodes:\u{a0}
\u{a0} \u{a0} \u{a0} 10.48.36.61\u{a0}\u{a0}\u{a0}\u{a0} : Connected Primary\u{a0}
\u{a0}\u{a0}\u{a0}\u{a0}\u{a0} 10.48.36.182 (me)\u{a0}\u{a0}\u{a0} : Connected Replica ( In Sync )\u{a0}
\u{a0} Node in use\u{a0}\u{a0}\u{a0}\u{a0} : 10.48.36.61\u{a0}
\u{a0}
\u{a0} \u{a0} Interface\u{a0}\u{a0} : a\u{a0}
\u{a0} Last command\u{a0}\u{a0} : 'database cluster join 10.48.36.61' (Success)

DB의 로그 출력에는 일반적으로 다음과 같은 postgres 문자열이 포함됩니다.

<#root>

Mar 30 12:39:04 local0.warning ClusterCore1\u{20}

postgres

[20882]:  [2-9] #011SQL statement \"SELECT * FROM create_or_update_matching_domain(TRUE, inp_domain_id)\"\u{20}
Mar 30 12:39:04 local0.warning ClusterCore1\u{20}

postgres

[20882]:  [2-10] #011PL/pgSQL function create_matching_domain(uuid,text) line 3 at SQL statement

\u{20}

다음은 몇 가지 일반적인 DB 문제 및 솔루션입니다.

<#root>

Mar 30 11:22:45 user.notice acanosrv05 schema_builder:  Upgrading schema with connect line 'connect_timeout=4 user=postgres sslmode=verify-ca sslkey=/srv/pgsql/

client.key

 sslrootcert=/srv/pgsql/ca.crt '

\u{20}
\u{20}

Mar 30 11:22:45 user.notice acanosrv05 schema_builder:  Using database name 'cluster'\u{20}
Mar 30 11:22:45 user.notice acanosrv05 schema_builder:  schema build on database cluster complete\u{20}
Mar 30 11:22:45 user.info acanosrv05 dbcluster_watcher:  Operation Complete

\u{20}

문제/장애: 피어 노드가 DB 기본 노드에 연결할 수 없습니다.

<#root>

Mar 31 10:16:59 user.info acanosrv02 sfpool:  Health check 10.48.54.119: error (up = 1): could not connect to server:\u{20}

Connection refused

|#011Is the server running on host \"10.48.54.119\" and accepting|#011TCP/IP connections on port\u{20}

5432

?|\u{20}

해결책:
";

/// Markdown with lines wrapped between words.
const PORTUGUESE_MARKDOWN: &str = "\
As saídas de log do DB geralmente contêm a string de postgres, exemplos como a seguir:

```
Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-7] #011SQL statement \"INSERT INTO
domains(domain_id, domain_name, tenant_id, target, priority, passcode_separator) VALUES
(inp_domain_id, inp_domain_name, inp_tenant_id, existing_target, inp_priority,
inp_passcode_separator)\"
Mar 30 12:39:04 local0.warning DBMaster postgres[20882]: [2-8] #011PL/pgSQL function
create_or_update_matching_domain(boolean,uuid,text,boolean,uuid,integer,integer,integer,text)
line 61 at SQL statement
```

Problema: Erro de esquema de BD em um peer não mestre

```
ERROR          : Couldn't upgrade the schema
Status         : Error

Nodes:
  10.48.54.75   : Connected Master
  10.48.54.119 (me) : Connected Slave ( In Sync )
Node in use    : 10.48.54.75

Last command    : 'database cluster upgrade_schema' (Failed)
```

Solução:

```
Mar 30 11:22:45 user.notice acanosrv05 schema_builder: Upgrading schema with connect line
'connect_timeout=4 user=postgres host=127.0.0.1 port=9899 sslmode=verify-ca
sslcert=/srv/pgsql/client.crt sslkey=/srv/pgsql/client.key sslrootcert=/srv/pgsql/ca.crt '

Mar 30 11:22:45 user.notice acanosrv05 schema_builder: Using database name 'cluster'
Mar 30 11:22:45 user.notice acanosrv05 schema_builder: schema build on database cluster
complete
Mar 30 11:22:45 user.notice acanosrv05 schema_builder: INFO      : Waiting for database cluster
to settle...
Mar 30 11:22:45 user.info acanosrv05 dbcluster_watcher: Operation Complete
```

```
Mar 31 10:16:59 user.info acanosrv02 sfpool: Health check 10.48.54.119: error (up = 1): could
not connect to server: Connection refused|#011Is the server running on host \"10.48.54.119\" and
accepting|#011TCP/IP connections on port 5432?|
```

Siga estes passos para coletar rastreamentos para solucionar problemas de conexão:
";

/// A printed document: a column, blank lines, a break of the page, records joined.
const KOREAN_PRINT: &str = "\
정상 상태의 마스터 노드의 DB 동기화는 다음 출력으로 로그에 표시됩니다.

2020-07-21T15:16:50.330-05:00 expc01 replication:

UTCTime=\"2020-07-21 20:16:50,330\" Module=\"developer.replication\" Level=\"INFO\"

CodeLocation=\"clusterconfigurationutils(750)\" AlternateIPAddresses=\"[u'(10.15.13.15 expc01)',

u'(10.15.13.16 expc02)']\" ConfigurationMasterIndex=\"0\" LocalPeerIndex=\"0\" 2020-07-

21T15:16:50.433-05:00 expc01 replication: UTCTime=\"2020-07-21 20:16:50,433\"

Module=\"developer.replication\" Level=\"INFO\" CodeLocation=\"clusterconfigurationsynchroniser(257)\"

Detail=\"This peer is the cluster master, local configuration has already been replicated to the

other peers\" 2020-07-21T15:16:50.437-05:00 expc01 replication: UTCTime=\"2020-07-21 20:16:50,437\"

Module=\"developer.replication\" Level=\"INFO\" Detail=\"Synchronisation completed successfully\"

다음 출력에 피어 연결 해제 가 표시됩니다.

2020-08-12T14:57:43.353-05:00 expc01 UTCTime=\"2020-08-12 19:57:43,353\"

Module=\"developer.clusterdb.cdb\" Level=\"INFO\" Node=\"clusterdb@expc01.apolo.local\"

PID=\"<0.159.0>\" Detail=\"Processed mnesia_down event from accessible node\"

Node=\"clusterdb@expc02.apolo.local\" 2020-08-12T14:57:43.354-05:00 expc01 UTCTime=\"2020-08-12



19:57:43,353\" Module=\"developer.clusterdb.cdb\" Level=\"ERROR\" Node=\"clusterdb@expc01.apolo.local\"

PID=\"<0.159.0>\" Detail=\"Inconsistent Database\" Context=\"from mnesia system - mnesia down\"

Node=\"clusterdb@expc02.apolo.local\" 2020-08-12T14:57:43.771-05:00 expc01 alarm: Level=\"WARN\"

Event=\"Alarm Raised\" Id=\"20004\" UUID=\"3bca6888-

f622-11df-93be-07cc953d7b99\" Severity=\"warning\" Detail=\"Cluster communication failure: The

system is unable to communicate with one or more of the cluster peers\" UTCTime=\"2020-08-12

19:57:43,771\"

2020-08-12T14:57:54.872-05:00 expc01 tvcs:

UTCTime=\"2020-08-12 19:57:54,871\" Module=\"network.h323\" Level=\"INFO\": Action=\"Sent\" Dst-

ip=\"10.15.13.16\" Dst-port=\"1719\" Detail=\"Sending RAS LRQ SeqNum=52320 Retransmit=True\" 2020-08-

12T14:57:58.871-05:00

expc01 tvcs: Event=\"External Server Communications Failure\" Reason=\"gatekeeper timed out\"

Detail=\"name:10.15.13.16:1719\" Level=\"1\" UTCTime=\"2020-08-12 19:57:58,871\" 2020-08-12T14:58:01.871-

05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:58:01,871\" Module=\"network.h323\" Level=\"INFO\":

Action=\"Sent\" Detail=\"Sending RAS SCI SeqNum=52319

Timeout=True\"

Peer 노드 관점에서 다음 출력에 표시됩니다.

https://video.cisco.com/video/6154771820001
";

/// Logical lines of a text and where they start.
fn repaired(text: &str) -> Vec<(u64, String)> {
    let mut repair = Repair::new();
    let mut found = Vec::new();
    let mut keep = |line: &[u8], number: u64| {
        found.push((number, String::from_utf8_lossy(line).trim_end().to_owned()));
    };
    repair.push(text.as_bytes(), &mut keep);
    repair.finish(&mut keep);
    found
}

fn messages(events: &[Event<'_>]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| event.first("message"))
        .map(str::to_owned)
        .collect()
}

fn line_of(text: &str, start: &str) -> u64 {
    text.lines()
        .position(|line| line.starts_with(start))
        .expect("the line is there") as u64
        + 1
}

#[test]
fn a_page_with_bold_words_is_glued() {
    let events = read_chosen(KOREAN_PAGE);
    assert_eq!(
        messages(&events),
        [
            "\tSQL statement \"SELECT * FROM create_or_update_matching_domain(TRUE, inp_domain_id)\"\n\
             \tPL/pgSQL function create_matching_domain(uuid,text) line 3 at SQL statement",
            "Upgrading schema with connect line 'connect_timeout=4 user=postgres sslmode=verify-ca \
             sslkey=/srv/pgsql/client.key sslrootcert=/srv/pgsql/ca.crt '",
            "Using database name 'cluster'",
            "schema build on database cluster complete",
            "Operation Complete",
            "Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused\n\
             \tIs the server running on host \"10.48.54.119\" and accepting\n\
             \tTCP/IP connections on port 5432?",
        ]
    );
    let refused = events
        .iter()
        .find(|e| e.first("program") == Some("sfpool"))
        .expect("sfpool");
    assert_eq!(refused.line, line_of(KOREAN_PAGE, "Mar 31"));
    let statement = &events[0];
    assert_eq!(statement.line, line_of(KOREAN_PAGE, "Mar 30 12:39:04"));
    assert_eq!(statement.first("pid"), Some("20882"));
    let status = events
        .iter()
        .find(|e| e.format == "cms.status")
        .expect("a status");
    assert_eq!(status.first("me"), Some("10.48.36.182"));
    assert_eq!(status.first("last_result"), Some("Success"));
    assert_eq!(status.first("interface"), Some("a"));
    assert_eq!(status.line, line_of(KOREAN_PAGE, "\u{a0} Status"));
}

#[test]
fn markdown_wrapped_between_words_is_glued() {
    let events = read_chosen(PORTUGUESE_MARKDOWN);
    assert_eq!(
        messages(&events),
        [
            "\tSQL statement \"INSERT INTO domains(domain_id, domain_name, tenant_id, target, priority, \
             passcode_separator) VALUES (inp_domain_id, inp_domain_name, inp_tenant_id, existing_target, \
             inp_priority, inp_passcode_separator)\"\n\tPL/pgSQL function \
             create_or_update_matching_domain(boolean,uuid,text,boolean,uuid,integer,integer,integer,text) \
             line 61 at SQL statement",
            "Upgrading schema with connect line 'connect_timeout=4 user=postgres host=127.0.0.1 port=9899 \
             sslmode=verify-ca sslcert=/srv/pgsql/client.crt sslkey=/srv/pgsql/client.key \
             sslrootcert=/srv/pgsql/ca.crt '",
            "Using database name 'cluster'",
            "schema build on database cluster complete",
            "INFO      : Waiting for database cluster to settle...",
            "Operation Complete",
            "Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused\n\
             \tIs the server running on host \"10.48.54.119\" and accepting\n\
             \tTCP/IP connections on port 5432?",
        ]
    );
    let status = events
        .iter()
        .find(|e| e.format == "cms.status")
        .expect("a status");
    assert_eq!(status.first("error"), Some("Couldn't upgrade the schema"));
    assert_eq!(status.line, line_of(PORTUGUESE_MARKDOWN, "ERROR"));
}

#[test]
fn a_printed_document_is_parted_into_records() {
    let events = read_chosen(KOREAN_PRINT);
    let lines: Vec<&str> = events.iter().map(|event| event.text.as_ref()).collect();
    assert_eq!(
        lines,
        [
            "2020-07-21T15:16:50.330-05:00 expc01 replication: UTCTime=\"2020-07-21 20:16:50,330\" \
             Module=\"developer.replication\" Level=\"INFO\" CodeLocation=\"clusterconfigurationutils(750)\" \
             AlternateIPAddresses=\"[u'(10.15.13.15 expc01)', u'(10.15.13.16 expc02)']\" \
             ConfigurationMasterIndex=\"0\" LocalPeerIndex=\"0\"",
            "2020-07-21T15:16:50.433-05:00 expc01 replication: UTCTime=\"2020-07-21 20:16:50,433\" \
             Module=\"developer.replication\" Level=\"INFO\" \
             CodeLocation=\"clusterconfigurationsynchroniser(257)\" Detail=\"This peer is the cluster master, \
             local configuration has already been replicated to the other peers\"",
            "2020-07-21T15:16:50.437-05:00 expc01 replication: UTCTime=\"2020-07-21 20:16:50,437\" \
             Module=\"developer.replication\" Level=\"INFO\" Detail=\"Synchronisation completed successfully\"",
            "2020-08-12T14:57:43.353-05:00 expc01 UTCTime=\"2020-08-12 19:57:43,353\" \
             Module=\"developer.clusterdb.cdb\" Level=\"INFO\" Node=\"clusterdb@expc01.apolo.local\" \
             PID=\"<0.159.0>\" Detail=\"Processed mnesia_down event from accessible node\" \
             Node=\"clusterdb@expc02.apolo.local\"",
            "2020-08-12T14:57:43.354-05:00 expc01 UTCTime=\"2020-08-12 19:57:43,353\" \
             Module=\"developer.clusterdb.cdb\" Level=\"ERROR\" Node=\"clusterdb@expc01.apolo.local\" \
             PID=\"<0.159.0>\" Detail=\"Inconsistent Database\" \
             Context=\"from mnesia system - mnesia down\" Node=\"clusterdb@expc02.apolo.local\"",
            "2020-08-12T14:57:43.771-05:00 expc01 alarm: Level=\"WARN\" Event=\"Alarm Raised\" Id=\"20004\" \
             UUID=\"3bca6888-f622-11df-93be-07cc953d7b99\" Severity=\"warning\" \
             Detail=\"Cluster communication failure: The system is unable to communicate with one or more of \
             the cluster peers\" UTCTime=\"2020-08-12 19:57:43,771\"",
            "2020-08-12T14:57:54.872-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:57:54,871\" \
             Module=\"network.h323\" Level=\"INFO\": Action=\"Sent\" Dst-ip=\"10.15.13.16\" Dst-port=\"1719\" \
             Detail=\"Sending RAS LRQ SeqNum=52320 Retransmit=True\"",
            "2020-08-12T14:57:58.871-05:00 expc01 tvcs: Event=\"External Server Communications Failure\" \
             Reason=\"gatekeeper timed out\" Detail=\"name:10.15.13.16:1719\" Level=\"1\" \
             UTCTime=\"2020-08-12 19:57:58,871\"",
            "2020-08-12T14:58:01.871-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:58:01,871\" \
             Module=\"network.h323\" Level=\"INFO\": Action=\"Sent\" \
             Detail=\"Sending RAS SCI SeqNum=52319 Timeout=True\"",
        ]
    );
    let at = |start: &str| line_of(KOREAN_PRINT, start);
    let expected = [
        at("2020-07-21T15:16:50.330"),
        // the stamp begins at the end of the line that ends in `2020-07-`
        at("u'(10.15.13.16"),
        at("other peers"),
        at("2020-08-12T14:57:43.353"),
        at("Node=\"clusterdb@expc02.apolo.local\" 2020-08-12T14:57:43.354"),
        at("Node=\"clusterdb@expc02.apolo.local\" 2020-08-12T14:57:43.771"),
        at("2020-08-12T14:57:54"),
        at("ip=\"10.15.13.16\""),
        at("Detail=\"name:10.15.13.16"),
    ];
    assert_eq!(
        events.iter().map(|event| event.line).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn prose_is_left_alone() {
    for text in [KOREAN_PAGE, PORTUGUESE_MARKDOWN, KOREAN_PRINT] {
        let lines = repaired(text);
        for prose in text
            .lines()
            .filter(|l| l.chars().any(|c| ('가'..='힣').contains(&c) || c == 'ç'))
        {
            assert!(
                lines.iter().any(|(_, line)| line == prose.trim_end()),
                "{prose}"
            );
        }
    }
}

#[test]
fn excerpts_wrapped_at_a_column_are_glued() {
    let record = "Mar 31 10:16:59 user.info acanosrv02 sfpool:  Health check 10.48.54.119: error (up = 1): \
                  could not connect to server: Connection refused|#011Is the server running on host \
                  \"10.48.54.119\" and accepting|#011TCP/IP connections on port 5432?|";
    let joined = |text: &str| {
        let events = read_chosen(text);
        events
            .iter()
            .map(|event| event.text.clone().into_owned())
            .collect::<Vec<_>>()
    };
    let hard = |indent: &str| {
        let mut text = String::new();
        let mut column = 0;
        for c in record.chars() {
            if column == 80 {
                text.push('\n');
                text.push_str(indent);
                column = indent.len();
            }
            text.push(c);
            column += 1;
        }
        text + "\n"
    };
    assert_eq!(joined(&hard("")), [record]);
    assert_eq!(joined(&hard("    ")), [record]);
    let words = |indent: &str| {
        let mut text = String::new();
        let mut column = 0;
        for word in record.split(' ') {
            if column + word.len() + 1 > 78 {
                text.push('\n');
                text.push_str(indent);
                column = indent.len();
            } else if column > 0 {
                text.push(' ');
                column += 1;
            }
            text.push_str(word);
            column += word.len();
        }
        text + "\n"
    };
    assert_eq!(joined(&words("")), [record]);
    assert_eq!(joined(&words("  ")), [record]);
}

#[test]
fn clean_text_needs_no_repair_and_passes_unchanged() {
    let mut log = String::new();
    for n in 0..300 {
        log.push_str(&format!(
            "2020-08-12T14:57:43.{n:03}-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:57:43,{n:03}\" \
             Module=\"network.sip\" Level=\"INFO\": Action=\"Sent\" Dst-ip=\"10.1.1.{n}\" Detail=\"OPTIONS\"\n"
        ));
        if n % 3 == 0 {
            log.push_str(
                "SIPMSG:\n|OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/TLS 10.1.1.1:5061;rport\n\
                 Authorization: Digest username=\"a\", realm=\"b\"\n realm=\"c\"\nContent-Length: 0\n\n|\n",
            );
        }
    }
    let choice = choose(log.as_bytes()).expect("expressway");
    assert!(!choice.repair);
    let lines = repaired(&log);
    let whole: Vec<(u64, String)> = (1..)
        .zip(log.lines().map(|l| l.trim_end().to_owned()))
        .collect();
    assert_eq!(lines, whole);
    let short =
        "Mar 31 10:16:59 user.info a sfpool:  one\nMar 31 10:17:59 user.info a sfpool:  two\n";
    assert!(!choose(short.as_bytes()).expect("cms").repair);
}

#[test]
fn a_record_grows_to_a_bound_only() {
    let mut text = String::from(
        "2020-08-12T14:57:43.353-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:57:43,353\" Detail=\"open\n",
    );
    for _ in 0..1000 {
        text.push_str(
            "words that go on and on without an end to the quote they stand in, more words\n",
        );
    }
    let mut repair = Repair::new();
    let mut longest = 0;
    let mut see = |line: &[u8], _: u64| longest = longest.max(line.len());
    repair.push(text.as_bytes(), &mut see);
    repair.finish(&mut see);
    assert!(longest <= RECORD_CAP + 1, "{longest}");
}

#[test]
fn every_truncation_is_read() {
    for text in [KOREAN_PAGE, PORTUGUESE_MARKDOWN, KOREAN_PRINT] {
        let whole = choose(text.as_bytes()).expect("recognised");
        for end in 0..text.len() {
            let part = &text.as_bytes()[..end];
            if let Some(choice) = choose(part) {
                events(part, &choice, 1 << 20, 1 << 16);
            }
            let forced = Choice {
                parsers: whole.parsers.clone(),
                repair: true,
            };
            events(part, &forced, 1 << 20, 1 << 16);
        }
    }
}

#[test]
fn line_numbers_follow_the_chunks() {
    let choice = choose(KOREAN_PRINT.as_bytes()).expect("recognised");
    let parts = chunks(KOREAN_PRINT.as_bytes(), &choice, 200, 7);
    assert!(parts.len() > 3);
    for part in &parts {
        let lines = memchr::memchr_iter(b'\n', &part.bytes).count();
        assert_eq!(part.line_numbers.as_ref().map(Vec::len), Some(lines));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blocks_and_targets_do_not_change_what_is_read(
        doc in 0_usize..3,
        skip in 0_usize..600,
        target in 1_usize..3000,
        block in 1_usize..2000,
    ) {
        let text = [KOREAN_PAGE, PORTUGUESE_MARKDOWN, KOREAN_PRINT][doc];
        let text = text.as_bytes().get(skip..).unwrap_or_default();
        if let Some(choice) = choose(text) {
            prop_assert_eq!(events(text, &choice, target, block), events(text, &choice, 1 << 20, 1 << 16));
        }
    }

    #[test]
    fn no_line_is_lost(lines in prop::collection::vec(
        prop::sample::select(vec![
            "Mar 30 12:39:04 local0.warning ClusterCore1 ", "postgres", "", " ", "[20882]:  [2-7] #011x \"y",
            "2020-08-12T14:57:43.353-05:00 expc01 tvcs: UTCTime=\"2020-08-12", "19:57:43,353\" Level=\"INFO\" 2020-08-",
            "12T14:57:43.771-05:00 expc01 alarm: Level=\"WARN\"", "|#011z?| ", "plain words", "```", "Status : Error",
            "한국어 문장",
        ]), 0..40)) {
        let text = lines.join("\n");
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        let glued: String = repaired(&text).into_iter().map(|(_, line)| line).collect();
        prop_assert_eq!(letters(&glued), letters(&text));
    }
}

/// Messages of a text that has to be repaired.
fn mended(text: &str) -> Vec<String> {
    let choice = choose(text.as_bytes()).expect("a known format");
    assert!(choice.repair, "{text}");
    let events = read_chosen(text);
    messages(&events).iter().map(ToString::to_string).collect()
}

#[test]
fn a_printed_page_that_a_mail_wrapped_again_is_glued() {
    let message = "Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused\n\
                   \tIs the server running on host \"10.48.54.119\" and accepting\n\
                   \tTCP/IP connections on port 5432?";
    for text in [
        "Mar 31 10:16:59 user.info acanosrv02 sfpool: Health check\n10.48.54.119: error (up = 1): could\n\
         not connect to server: Connection refused|#011Is the server\nrunning on host \"10.48.54.119\" and\n\
         accepting|#011TCP/IP connections on port 5432?|\n",
        "Mar 31 10:16:59 user.info acanosrv02 sfpool:  Health check 10.48.54.119:\n\
         error (up = 1): could not connect to server:\n\nConnection refused\n\n\
         |#011Is the server running on host \"10.48.54.119\" and\naccepting|#011TCP/IP connections on port\n\n\
         5432\n\n?|\n",
    ] {
        assert_eq!(mended(text), [message], "{text}");
    }
}

#[test]
fn terms_of_erlang_at_the_start_of_a_line_stay_in_their_value() {
    let text = "2020-08-12T14:57:43.354-05:00 expc01 UTCTime=\"2020-08-12 19:57:43,354\" Level=\"WARN\"\n\
                Detail=\"Failed connecting to node\" Reason=\"{ badrpc, {\n{ dets_sup, start_link, }, [ dets_sup ]\n\
                } }\" 2020-08-12T14:57:43.524-05:00 expc01 alarm:\nLevel=\"WARN\" Event=\"Alarm Raised\" Id=\"20006\"\n";
    let events = read_chosen(text);
    let ids: Vec<_> = events.iter().map(|e| e.first("Id")).collect();
    assert_eq!(ids, [None, Some("20006")]);
    assert_eq!(
        events[0].first("Reason"),
        Some("{ badrpc, { { dets_sup, start_link, }, [ dets_sup ] } }")
    );
}

#[test]
fn blanks_at_the_ends_of_printed_lines_are_no_part_of_a_value() {
    let text = "2020-08-12T15:13:24.976-05:00 expc02 UTCTime=\"2020-08-12 20:13:24,976\" Event=\"System   \n   \n\
                Configuration Changed\" Detail=\"x\" 2020-08-   \n   \n\
                12T15:13:25.049-05:00 expc02 UTCTime=\"2020-08-12 20:13:25,049\" Event=\"y\" Level=\"INFO\"   \n";
    let events = read_chosen(text);
    let names: Vec<_> = events.iter().map(|e| e.first("Event")).collect();
    assert_eq!(names, [Some("System Configuration Changed"), Some("y")]);
}

#[test]
fn a_log_whose_every_head_is_wrapped_behind_the_program_is_known() {
    let text = "2020-07-21T15:16:46.900-05:00 expc02 replication:\nUTCTime=\"2020-07-21 20:16:46,899\"\n\
                Module=\"developer.replication\" Level=\"INFO\"\nDetail=\"Starting synchronisation\"\n";
    let events = read_chosen(text);
    assert_eq!(events[0].first("Detail"), Some("Starting synchronisation"));
}

/// Records put together by guess.
fn torn(text: &str) -> u64 {
    let mut repair = Repair::new();
    repair.push(text.as_bytes(), &mut |_, _| {});
    repair.finish(&mut |_, _| {});
    repair.torn()
}

#[test]
fn a_break_that_no_layout_explains_is_told() {
    let record = "Mar 31 10:16:59 user.info cms1 sfpool:  Health check 10.0.0.1: error (up = 1): \
                  could not connect to server: Connection refused|#011Is the server running on host \
                  \"10.0.0.1\" and accepting|#011TCP/IP connections on port 5432?|\n";
    assert_eq!(torn(record), 0);
    assert_eq!(
        torn(&record.replace("Connection refused", "Connection ref\nused")),
        1
    );
    let cut = |width: usize| {
        let lines = record.trim_end().as_bytes().chunks(width);
        let lines = lines.map(|line| String::from_utf8_lossy(line) + "\n");
        lines.collect::<String>()
    };
    assert_eq!(torn(&cut(50)), 0);
    assert_eq!(torn(&cut(50).replacen("server", "ser\nver", 1)), 1);
}
