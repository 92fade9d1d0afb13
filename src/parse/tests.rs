//! What holds for every parser.

use proptest::prelude::*;

use super::testing::{chunks, events, parsed, picks_hold};
use super::*;

/// Lines of every kind, as they stand in logs.
const LINES: &[&str] = &[
    "Mar 30 11:22:45 user.info acanosrv05 dbcluster_watcher:  Operation Complete",
    "Mar 30 12:39:04 local0.warning ClusterCore1 postgres[20882]:  [2-7] #011SQL statement \"INSERT INTO domains\"",
    "Mar 30 12:39:04 local0.warning ClusterCore1 postgres[20882]:  [2-8] #011PL/pgSQL function x() line 61",
    "Mar 30 12:39:04 local0.warning ClusterCore1 postgres[20883]:  [2-8] CONTEXT:  y",
    "Mar 30 12:39:05 local0.warning ClusterCore1 postgres[20882]:  [2-1] ERROR:  z",
    "Mar 30 12:39:05 local0.warning ClusterCore1 postgres[20882]:  [3-1] ERROR:  z#012w|#011v|",
    "Jun 17 22:24:41.867 user.info cms-02 Uploader[1]: scanning directory: /mnt/recordings",
    "cms1> database cluster status",
    "ERROR                    : Couldn't upgrade the schema",
    "  Status                 : Error",
    "Nodes:",
    "    10.48.54.75          : Connected Primary",
    "    10.48.54.119 (me)    : Connected Replica ( In Sync )",
    "Node in use              : 10.48.54.75",
    "Last command             : 'database cluster upgrade_schema' (Failed)",
    "2020-08-12T14:57:43.353-05:00 expc01 UTCTime=\"2020-08-12 19:57:43,353\" Node=\"a\" Node=\"b\"",
    "2020-08-12T15:13:24.976-05:00 expc01 httpd[15060]: web: Event=\"System \"x\" Changed\" Level=\"1\"",
    "SIPMSG:",
    "|INVITE sip:a@b SIP/2.0",
    "|",
    "HTTPMSG:\n|GET / HTTP/1.1",
    "Event=\"Outbound TLS Negotiation Error\" Service=\"SIP\" Detail= \"x\"",
    "<database clustered=\"enabled\"><cluster><totalNodes>3</totalNodes>",
    "<node><hostname>10.1.1.1</hostname><up>true</up><syncBehind>0</syncBehind><master>true</master></node>",
    "</cluster></database><alarms total=\"1\"><alarm id=\"a\"><type>x</type></alarm></alarms>",
    "cms1> pki match a.key a.crt",
    "FAILURE: no pair",
    "cms1> pki inspect a.crt",
    "Certificate:",
    "        Issuer: CN=a",
    "            Not After : Sep 16 12:12:12 2020 GMT",
    "        Subject: CN=b",
    "cms1>",
    "2018-10-04  06:36:24.612  Info     call 788: incoming SIP call",
    "-----BEGIN RSA PRIVATE KEY-----",
    "No.\tTime\tSource\tDestination\tProtocol\tLength\tInfo",
    "1\t0.000000\t10.0.0.1\t10.0.0.2\tTCP\t74\t40000 → 5432 [SYN] Seq=0 Win=64240 Len=0",
    "2\t1.000043\t10.0.0.2\t10.0.0.1\tTCP\t54\t5432 → 40000 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0",
    "20:37:20.956919 IP (tos 0x0, ttl 64, proto TCP (6), length 60)",
    "    10.77.1.2.44374 > 10.77.2.2.5432: Flags [S], seq 916638415, win 64240, length 0",
    "20:37:21.95 IP 10.77.1.1 > 10.77.1.2: ICMP host 10.77.2.2 unreachable - admin prohibited, length 68",
    "\t0x0000:  4500 003c 5690 4000 4006 cc8e 0a4d 0102  E..<V.@.@....M..",
    "$ tcpdump -nr a.pcap",
    "Alarm ID,Title,Description,State",
    "20004,Cluster communication failure,\"x",
    "20006,b,\"c, d\",Lowered",
    "20007,a,b,Raised",
    "2026-03-02 11:22:45.754 UTC [9] a@b 192.0.2.10 FATAL:  no pg_hba.conf entry for host \"192.0.2.10\"",
    "2026-03-02 11:22:45.754 UTC [9] DETAIL:  x",
    "\tgoes on",
    "2026-03-02 11:22:45 CET:192.0.2.10(40000):a@b:[9]:57P03:LOG:  y",
    "2026-03-02 11:22:45.754 UTC [9] STATEMENT:  SELECT 1",
    "2026-03-02 11:22:46.100 UTC,\"a\",\"b\",77,\"192.0.2.10:40000\",69a5.4d,1,\"idle\",2026-03-02 11:00:00 UTC,3/1,0,ERROR,42P01,\"no \"\"t\"\"\",,,,,,\"select",
    "2026-03-02 11:22:46.200 UTC,,,78,,69a5.4e,1,,2026-03-02 11:00:00 UTC,,0,LOG,00000,\"ready\",,,,,,,,,\"\",\"checkpointer\",,0",
    "from t\",8,,\"psql\",\"client backend\",,0",
    "{\"timestamp\":\"2026-03-02 11:22:46.300 UTC\",\"pid\":79,\"error_severity\":\"FATAL\",\"message\":\"x \\\"y\\\"\"}",
    "{\"timestamp\":\"2026-03-02 11:22:46.300 UTC\",\"error_severity\":\"FATAL\",\"mess",
    "Mar  2 11:22:46 db1 postgres[80]: [1-1] user=,db= LOG:  a",
    "Mar  2 11:22:46 db1 postgres[80]: [1-2] #011b",
    "Mar  2 11:22:46 db1 postgres[81]: [1-1] user=,db= ERROR:  c",
    "Mar  2 11:22:46 db1 postgres[80]: [1-3] user=,db= HINT:  d",
    "Mar  2 11:22:46 db1 postgres[82]: 2026-03-02 11:22:46 UTC [82] LOG:  e",
    "Mar  2 11:22:46 db1 postgres[82]: goes on",
    "psql: error: connection to server at \"a\" (192.0.2.20), port 5432 failed: Connection refused",
    "psql: could not connect to server: Connection refused",
    "\tIs the server running on host \"192.0.2.20\" and accepting",
    "\tTCP/IP connections on port 5432?",
    "Server: imp1a.apolo.local",
    "Enable Persistent Chat\tfalse",
    "Inter Cluster Peer Periodic Sync Interval (mins)",
    "30",
    "Cisco XCP 텍스트 전화회의 관리자\t시작됨",
    "Inter-clustering Troubleshooter",
    "Test Description\tOutcome\tProblem\tSolution",
    "Verify x\t✗\ty\tz",
    "Node\tExternal Database\tHostname",
    "imp1a\ttcmadb\tdb1",
    "Inter-cluster Peers (1 - 3 of 3)",
    "Host: imp1a.apolo.local:8443",
    "<ns1:item><ns1:ServiceName>Cisco XCP Router</ns1:ServiceName><ns1:ServiceStatus>Started</ns1:ServiceStatus>",
    "<ns1:ReasonCodeString>Service Not Activated</ns1:ReasonCodeString></ns1:item>",
    "<ns1:ServiceName>Cisco AXL Web Service</ns1:ServiceName>",
    "<ns1:ServiceStatus>Stopped</ns1:ServiceStatus>",
    "<ActiveServerVersion>14.0.1.13900-8</ActiveServerVersion>",
    "May 21 08:10:24 imp1a local7 2 : 62: imp1a.a.b: May 21 2021 13:10:24.476 UTC : %UC_ICSA-2-InterclusterSyncAgentPeerDown: %[remotePeer=x][AppID=y][ClusterID=][NodeID=imp1a]: z",
    "31 imp1a local7 3 : 41679: imp1a.a.b Jul 02 2015 06:22:31 UTC :   %UC_SRM-2-SRMFailover: %[FromNode=a][ToNode=b][Reason=c][ErrorCode=3][UserID=d]: z",
    "%UC_RTMT-3-RTMT_ALERT: %[AlertName=x][AlertDetail= on node y, #012MatchedEvent : %UC_Xcp-3-A: %[NodeID=b]: z#012][NodeID=c]: RTMT Alert",
    "At Fri May 21 08:11:00 CDT 2021 on node imp1a, the following InterclusterSyncAgentPeerDown events generated:",
    "2019-07-14 06:00:07,842 DEBUG [Peer: imp2a (a[1])] axl.AXLClientLogger - runSoapReq: <?xml ?>",
    "019-07-14 06:00:07,842 [main] ERROR xcp.tc.X - java.io.IOException: a at b.c(D.java:1) Caused by: e.FException: g",
    "javax.net.ssl.SSLException: Certificate not verified.",
    "Caused by: java.io.IOException: x",
    "\tat com.a.B.c(B.java:12)",
    "\t... 12 more",
    "<soapenv:Body>",
    "16:12:44.634 |046f1b70| debug| DiscoGear.cpp:240 Handling disco#info query: <iq type='error'>",
    "admin:utils ha status",
    "Subcluster Name: DefaultCluster",
    "Subcluster Name: DefaultCluster Node 1 Name : imp1a State: Normal Reason: Normal Node 2 Name : imp1b State: Normal Reason:",
    "   Node 1 Name : imp1a State: Failed Over with Critical Services not Running Reason: ",
    "Critical Service Down",
    "   Node 2 Name : imp1b State: Running in Backup Mode Reason: Critical Service Down",
    "=== imp1b.apolo.local ===",
    "Command Line Interface is starting up, please wait ...",
    "\t8192 Mbytes RAM",
    "\tWARNING: DNS unreachable",
    "test - validate_network    : Reverse DNS lookup failed",
    "10.60.1.11 imp1a.apolo.local imp1a Subscriber cups DBPub authenticated",
    "Server Table (processnode) Entries",
    "----------------------------------",
    "imp1a.apolo.local",
    "Cluster Detailed View from imp1a (2 Servers):",
    "imp1b  10.60.1.12  0.228  Y/Y/Y  0  (g_3)  (2) Setup Completed",
    "admin:run sql select name from processnode",
    "name",
    "=================",
    "Product Ver        : 14.0.1.13900-8",
    "Primary Node =true",
    "Cisco XCP Router[STARTED]",
    "Cisco XCP Text Conference Manager[STOPPED]  Commanded Out of Service",
    "=ERROR REPORT==== 2-Mar-2026::11:22:46.410237 ===",
    "** Node 'b@db2' not responding **",
    "2026-03-02 11:22:46.754 [error] <0.341.0> Mnesia(rabbit@mq1): ** ERROR ** mnesia_event got {inconsistent_database, running_partitioned_network, rabbit@mq2}",
    "2026-03-02T11:22:46.754+00:00 [critical] msg: Core cluster partition, context: running_partitioned_network, from: 'emqx@mq2'",
    "2026-03-02T11:22:46.754+00:00 ['a@db1'] EVENT nodedown 'b@db2' [{nodedown_reason,net_tick_timeout}]",
    "(a@db1)2> {mnesia_system_event,{mnesia_down,'b@db2'}}",
    "    node           : rabbit@mq1",
    "plain words",
    "",
];

fn all(repair: bool) -> Choice {
    Choice {
        parsers: LOG_PARSERS.to_vec(),
        repair,
    }
}

fn text() -> impl Strategy<Value = String> {
    let line = prop::sample::select(LINES);
    let filler = prop::sample::select(vec![0_usize, 0, 0, 0, 900, 2000]);
    let lines = prop::collection::vec((line, filler), 0..60);
    let end = prop::sample::select(vec!["\n", "\r\n"]);
    (lines, end, any::<bool>()).prop_map(|(lines, end, closed)| {
        let mut text = String::new();
        for (line, filler) in lines {
            text.push_str(line);
            text.push_str(end);
            if filler > 0 {
                // lines of others, so that parts come close to the window's edge
                text.push_str(&"x".repeat(filler));
                text.push_str(end);
            }
        }
        if !closed {
            text.truncate(text.trim_end().len());
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn blocks_and_targets_change_nothing(
        text in text(),
        repair in any::<bool>(),
        target in 1_usize..20_000,
        block in 1_usize..9000,
    ) {
        let choice = all(repair);
        let whole = events(text.as_bytes(), &choice, 1 << 20, 1 << 16);
        prop_assert_eq!(events(text.as_bytes(), &choice, target, block), whole);
    }

    #[test]
    fn chunks_are_the_text(text in text(), target in 1_usize..20_000, block in 1_usize..9000) {
        let found = chunks(text.as_bytes(), &all(false), target, block);
        let mut line = 1;
        for chunk in &found {
            prop_assert_eq!(chunk.first_line, line);
            line += memchr::memchr_iter(b'\n', &chunk.bytes).count() as u64;
        }
        let bytes: Vec<u8> = found.into_iter().flat_map(|chunk| chunk.bytes).collect();
        let text = text.into_bytes();
        prop_assert_eq!(bytes, body::without(&text, body::Kind::Bars).unwrap_or(text));
    }

    #[test]
    fn picks_select_whole_records(
        text in text(),
        picks in prop::collection::btree_set(0_usize..30_000, 0..40),
    ) {
        let chunk = Chunk { bytes: text.into_bytes(), first_line: 7, line_numbers: None };
        let picks: Vec<usize> = picks.into_iter().collect();
        for parser in LOG_PARSERS {
            picks_hold(*parser, &chunk, &picks);
        }
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..3000), target in 1_usize..3000) {
        choose(&bytes);
        for repair in [false, true] {
            events(&bytes, &all(repair), target, 100);
        }
    }

    #[test]
    fn damaged_lines_are_read(
        text in text(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
    ) {
        let mut bytes = text.into_bytes();
        for (at, byte) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        choose(&bytes);
        for repair in [false, true] {
            let choice = all(repair);
            let whole = events(&bytes, &choice, 1 << 20, 1 << 16);
            assert_eq!(events(&bytes, &choice, 500, 64), whole);
        }
        for parser in LOG_PARSERS {
            for line in bytes.split(|b| *b == b'\n') {
                parser.head(line);
            }
        }
    }

    #[test]
    fn literals_of_messages_stand_in_the_bytes(text in text()) {
        let chunk = Chunk { bytes: text.clone().into_bytes(), first_line: 1, line_numbers: None };
        for event in parsed(&log::cms_syslog::CmsSyslog, &chunk, None) {
            let message = event.first("message").unwrap_or_default().to_owned();
            for piece in message.split(['\n', '\t', '#', '|']) {
                prop_assert!(text.contains(piece), "{}", piece);
            }
        }
    }
}

#[test]
fn formats_of_others_are_not_ours() {
    for text in [
        "Nov 20 10:00:00 host sshd[1]: Accepted publickey for admin\n",
        "2020-01-02 10:00:00 [info] a program of somebody else\n",
        "2020-01-02T10:00:00.000+00:00 host app[12]: level=info msg=\"x\" Status=\"ok\"\n",
        "Status : ok\nNotes: none\n",
        "",
        "\n\n",
    ] {
        assert!(choose(text.as_bytes()).is_none(), "{text}");
    }
}

#[test]
fn a_document_of_several_formats_has_several_parsers() {
    let text = "Mar 30 11:22:45 user.info a dbcluster_watcher:  Operation Complete\n\
                Status : Enabled\nNodes:\n 10.1.1.1 : Connected Primary\n\
                2020-08-12T14:57:43.353-05:00 e UTCTime=\"2020-08-12 19:57:43,353\" Level=\"INFO\"\n";
    let choice = choose(text.as_bytes()).expect("all of them");
    let ids: Vec<_> = choice.parsers.iter().map(|parser| parser.id()).collect();
    assert_eq!(ids, ["expressway.log", "cms.syslog", "cms.status"]);
}

#[test]
fn emitted_formats_and_fields_are_declared() {
    let text = LINES.join("\n");
    let free = |format: &str, name: &str| {
        // Expressway records name their own keys; `text` is what stands between them
        format == "expressway.log" && name == "text"
    };
    for event in events(text.as_bytes(), &all(false), 1 << 20, 1 << 16)
        .into_iter()
        .flatten()
    {
        let (_, format) = crate::model::format::find(event.format).expect("a declared format");
        for field in &event.fields {
            let known = format.fields.iter().any(|def| def.name == field.name);
            assert!(
                known || free(event.format, &field.name),
                "{} {}",
                event.format,
                field.name
            );
        }
    }
}
