use super::*;
use crate::parse::testing::read;

fn all(text: &str) -> Vec<String> {
    let events = read(&ImpCli, text);
    let told = events.iter().map(|event| {
        let fields = event.fields.iter();
        let fields: Vec<_> = fields
            .map(|field| format!("{}={}", field.name, field.value))
            .collect();
        format!("{} {}: {}", event.line, event.format, fields.join("; "))
    });
    told.collect()
}

#[test]
fn both_nodes_of_a_group_are_told_with_each_other() {
    let text = "admin: ha status\nSubcluster Name: DefaultCluster\n\
         \x20  Node 1 Name : kal-cup1 State: Failed Over with Critical Services not Running Reason: \n\
         Critical Service Down\n\
         \x20  Node 2 Name : shorty-cups State: Running in Backup Mode Reason: Critical Services Down\n\nadmin:\n";
    assert_eq!(
        all(text),
        [
            "3 imp.ha: subcluster=DefaultCluster; node=kal-cup1; \
             state=Failed Over with Critical Services Not Running; reason=Critical Service Down; \
             peer=shorty-cups; peer_state=Running in Backup Mode; peer_reason=Critical Service Down",
            "5 imp.ha: subcluster=DefaultCluster; node=shorty-cups; state=Running in Backup Mode; \
             reason=Critical Service Down; peer=kal-cup1; \
             peer_state=Failed Over with Critical Services Not Running; peer_reason=Critical Service Down",
        ]
    );
    assert_eq!(ImpCli.probe(text.as_bytes()), Probe::Certain);
}

#[test]
fn rows_may_be_wrapped_anywhere() {
    let row = "Node 1 Name : kal-cup1 State: Running in Failed Mode Reason: Cisco Server Recovery Manager Take Over Users Failed";
    let wanted = "1 imp.ha: node=kal-cup1; state=Running in Failed Mode; \
                  reason=Cisco Server Recovery Manager Take Over Users Failed";
    for at in 23..row.len() {
        let (before, after) = row.split_at(at);
        assert_eq!(
            all(&format!("{before}\n{after}\nadmin:\n")),
            [wanted],
            "{at}"
        );
        assert_eq!(all(&format!("{before}\r\n   {after}")), [wanted], "{at}");
    }
    let (a, rest) = row.split_at(30);
    let (b, c) = rest.split_at(41);
    assert_eq!(all(&format!("{a}\n{b}\n{c}\nwords of others\n")), [wanted]);
}

#[test]
fn values_are_told_in_the_words_of_the_table() {
    for (row, state, reason) in [
        ("State: Normal", "Normal", None),
        ("State: Normal Reason: Normal", "Normal", Some("Normal")),
        ("State: NORMAL  Reason:  ", "Normal", Some("Normal")),
        (
            "State:Taking  over Reason:On Admin Request",
            "Taking Over",
            Some("On Admin Request"),
        ),
        (
            "State: Failover Reason: On Admin Request",
            "Failing Over",
            Some("On Admin Request"),
        ),
        (
            "State: Failed Reason: Critical Service Down",
            "Running in Failed Mode",
            Some("Critical Service Down"),
        ),
        (
            "State: Unknown Reason: High Availability Not Enabled",
            "Unknown",
            Some("High Availability Not Enabled"),
        ),
        (
            "State: Half Way Reason: New Words",
            "Half Way",
            Some("New Words"),
        ),
    ] {
        let events = read(
            &ImpCli,
            &format!("Node 2 Name: a.example.com {row}\nNormal\n"),
        );
        assert_eq!(events[0].first("state"), Some(state), "{row}");
        assert_eq!(events[0].first("reason"), reason, "{row}");
    }
}

#[test]
fn services_are_told_with_their_states() {
    let text = "admin:utils service list\nRequesting service status, please wait...\n\
        System SSH [STARTED]\nA Cisco DB Replicator[NOTRUNNING]\n\
        Cisco XCP Text Conference Manager[STOPPED]  Commanded Out of Service\n\
        Cisco XCP Message Archiver[STOPPED]  Service Not Activated \nCisco Sync Agent[STARTING]\n\
        Cisco XCP Router[STOPPED]  Servi";
    assert_eq!(
        all(text),
        [
            "3 imp.service: service=System SSH; status=started; kind=cups",
            "4 imp.service: service=A Cisco DB Replicator; status=not-running; kind=cups",
            "5 imp.service: service=Cisco XCP Text Conference Manager; status=stopped; reason=Commanded Out of Service; kind=cups",
            "6 imp.service: service=Cisco XCP Message Archiver; status=not-activated; reason=Service Not Activated; kind=cups",
            "7 imp.service: service=Cisco Sync Agent; status=starting; kind=cups",
            // whether anybody wants it was cut off
            "8 imp.service: service=Cisco XCP Router; status=unknown; reason=Servi; kind=cups",
        ]
    );
}

#[test]
fn services_on_one_line_are_parted() {
    let text = "admin:utils service list Cisco AMC Service[STARTED] Cisco DRF Master[STOPPED] Commanded Out of Service Cisco CDP[STARTED]";
    assert_eq!(all(text).len(), 0, "the line of a command is no answer");
    let text = "Cisco AMC Service[STARTED] Cisco DRF Master[STOPPED] Commanded Out of Service Cisco CDP[STARTED]";
    assert_eq!(
        all(text),
        [
            "1 imp.service: service=Cisco AMC Service; status=started",
            "1 imp.service: service=Cisco DRF Master; status=stopped; reason=Commanded Out of Service",
            "1 imp.service: service=Cisco CDP; status=started",
        ]
    );
}

#[test]
fn answers_belong_to_the_node_that_was_named_last() {
    for (heading, node) in [
        ("=== imp1a ===", Some("imp1a")),
        ("imp1a.apolo.local:", Some("imp1a.apolo.local")),
        ("10.60.1.11:", Some("10.60.1.11")),
        ("Host Name          : imp1a", Some("imp1a")),
        ("Hostname: imp1a", Some("imp1a")),
        ("$ ssh admin@imp1a", None),
        ("ssh admin@imp1a", Some("imp1a")),
        ("admin@10.60.1.11's password:", Some("10.60.1.11")),
        ("== Step1 ==", None),
        ("Services:", None),
        ("imp1a", None),
    ] {
        let text = format!("{heading}\nadmin:utils service list\nCisco XCP Router[STARTED]\n");
        let events = read(&ImpCli, &text);
        assert_eq!(events[0].first("node"), node, "{heading}");
        let far = format!(
            "{heading}\n{}\nCisco XCP Router[STARTED]\n",
            "x".repeat(5000)
        );
        assert_eq!(read(&ImpCli, &far)[0].first("node"), None, "{heading}");
    }
    let text = "ssh admin@imp1a\nWelcome to the Platform Command Line Interface\nadmin:\nCisco CDP[STARTED]\n\
                Welcome to the Platform Command Line Interface\nCisco CDP[STOPPED]\n";
    let events = read(&ImpCli, text);
    assert_eq!(events[0].first("node"), Some("imp1a"));
    assert_eq!(events[1].first("node"), None);
}

#[test]
fn answers_without_line_feeds_are_parted() {
    let text = "admin:utils ha status Subcluster Name: DefaultCluster Node 1 Name : kal-cup1 State: Idle Reason: On Admin Request \
                Node 2 Name : shorty-cups State: Running in Backup Mode Reason: On Admin Request\n\
                admin:show network cluster 10.1.89.30 SUB.a.lab SUB Subscriber cups DBSub authenticated using TCP since Mon Jul 1 13:44:09 2019 \
                10.1.89.20 PUB.a.lab PUB Subscriber cups DBPub authenticated Server Table (processnode) Entries --- 10.1.89.20 10.1.89.30\n\
                admin:utils diagnose test Log file: x test - disk_space : Passed (available: 1 MB) skip - disk_files : not now \
                test - validate_network : Reverse DNS lookup failed Diagnostics Completed\n\
                admin:utils dbreplication runtimestate Cluster Detailed View from IMP01 (2 Servers): PING DB/RPC/ REPL. Replication \
                REPLICATION SETUP ----------- ------ IMP01 10.1.89.20 0.013 Y/Y/Y 0 (g_2) (2) Setup Completed \
                IMP02 10.1.89.30 0.201 Y/Y/Y 0 (g_3) (4) Setup Failed\n";
    let told: Vec<_> = read(&ImpCli, text)
        .iter()
        .map(|event| {
            let value = ["state", "role", "result", "setup"];
            let value = value.iter().find_map(|name| event.first(name));
            let name = ["test", "name", "node"]
                .iter()
                .find_map(|name| event.first(name));
            format!(
                "{} {} {}",
                event.format,
                name.unwrap_or_default(),
                value.unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "imp.ha kal-cup1 Idle",
            "imp.ha shorty-cups Running in Backup Mode",
            "imp.node SUB.a.lab subscriber",
            "imp.node PUB.a.lab publisher",
            "imp.diagnose disk_space passed",
            "imp.diagnose disk_files skipped",
            "imp.diagnose validate_network failed",
            "imp.replication IMP01 2",
            "imp.replication IMP02 4",
        ]
    );
}

#[test]
fn lines_of_others_are_not_ours() {
    for text in [
        "2026-03-02 10:00:00,000 WARN  [main] a.B - Cisco XCP Router [STOPPED]\n",
        "x[ERROR] words\n",
        "[STARTED]\n",
        "Node 1 of 2\n",
        "admin: true\nusers:\n  admin: x\n",
        "Node: imp1a\n",
        "Memory : 8192 MBytes\nPrimary : 10.1.1.1\n==== ===\n",
        "a 10.1.1.1 words (2) more\n",
        "unsynchronised\nNo external servers found\n",
    ] {
        assert_eq!(ImpCli.probe(text.as_bytes()), Probe::NotForUs, "{text}");
        assert!(read(&ImpCli, text).is_empty(), "{text}");
    }
}

#[test]
fn a_list_of_services_tells_the_product_and_the_role() {
    let text = "admin:utils service list\nCisco CallManager[STARTED]\nCisco AXL Web Service[STOPPED]\nPrimary Node =false\n\
                admin:utils service list\nCisco AXL Web Service[STOPPED]\nCisco XCP Router[STARTED]\nPrimary Node =true\n";
    let events = read(&ImpCli, text);
    let told = events.iter().filter(|event| event.format == "imp.service");
    let told: Vec<_> = told
        .map(|event| (event.first("kind"), event.first("role")))
        .collect();
    let cucm = (Some("callmanager"), Some("subscriber"));
    let imp = (Some("cups"), Some("publisher"));
    assert_eq!(told, [cucm, cucm, imp, imp]);
}

#[test]
fn replication_is_told_row_by_row() {
    let text = "admin:utils dbreplication runtimestate\n\nDB Version: ccm14_0_1_11900_132\n\n\
        Cluster Detailed View from imp1a (2 Servers):\n\n\
        SERVER-NAME         IP ADDRESS        (msec)    DbMon?    QUEUE    Group ID       (RTMT) & Details\n\
        -----------         ----------        ------    -------   -----    -----------    ------------------\n\
        imp1a               10.60.1.11        0.045     Y/Y/Y     0        (g_2)          (2) Setup Completed\n\
        imp1b               10.60.1.12        0.228     Y/N/Y     12       (g_3)          (4) Setup Failed\n\
        imp1c               10.60.1.13        -         -/-/-     -        (g_4)          (-) Off-Line\n";
    assert_eq!(
        all(text),
        [
            "9 imp.replication: node=imp1a; address=10.60.1.11; setup=2; words=Setup Completed; queue=0; links=Y/Y/Y; reporter=imp1a",
            "10 imp.replication: node=imp1b; address=10.60.1.12; setup=4; words=Setup Failed; queue=12; links=Y/N/Y; reporter=imp1a",
            "11 imp.replication: node=imp1c; address=10.60.1.13; words=Off-Line; links=-/-/-; reporter=imp1a",
        ]
    );
    let old = "admin:utils dbreplication runtimestate\nPUB  10.1.1.1  0.04  Yes  Connected  0  match  Yes  (3)  Setup Mismatched\n";
    assert_eq!(
        all(old),
        ["2 imp.replication: node=PUB; address=10.1.1.1; setup=3; words=Setup Mismatched"]
    );
}

#[test]
fn members_are_told_and_who_was_asked() {
    let text = "admin:show network cluster\n\
        10.60.1.11 imp1a.apolo.local imp1a Subscriber cups DBPub authenticated\n\
        10.60.1.12 imp1b.apolo.local imp1b Subscriber cups DBSub authenticated using TCP since Fri Oct 15 10:22:20 2021\n\
        10.60.1.10 cucm1.apolo.local cucm1 Publisher callmanager DBPub authenticated using TCP since Fri Oct 15 10:22:20 2021\n\n\
        Server Table (processnode) Entries\n----------------------------------\nimp1a.apolo.local\n10.60.1.12\n\n\
        admin:utils service list\nCisco XCP Router[STARTED]\n";
    assert_eq!(
        all(text),
        [
            "2 imp.node: name=imp1a.apolo.local; address=10.60.1.11; alias=imp1a; role=publisher; kind=cups; block=10.60.1.11; reporter=imp1a.apolo.local",
            "3 imp.node: name=imp1b.apolo.local; address=10.60.1.12; alias=imp1b; role=subscriber; kind=cups; block=10.60.1.11; reporter=imp1a.apolo.local",
            "4 imp.node: name=cucm1.apolo.local; address=10.60.1.10; alias=cucm1; role=publisher; kind=callmanager; block=10.60.1.10; reporter=imp1a.apolo.local",
            "8 imp.setting: section=show network cluster; name=processnode; value=imp1a.apolo.local",
            "9 imp.setting: section=show network cluster; name=processnode; value=10.60.1.12",
            "12 imp.service: node=imp1a.apolo.local; service=Cisco XCP Router; status=started; kind=cups",
        ]
    );
}

#[test]
fn machines_releases_and_checks_are_told() {
    let text = "Command Line Interface is starting up, please wait ...\n\n   Welcome to the Platform Command Line Interface\n\n\
        VMware Installation:\n\t4 vCPU: Intel(R) Xeon(R)\n\tDisk 1: 80GB, Partitions aligned\n\t8192 Mbytes RAM\n\
        \tWARNING: DNS unreachable\nadmin:show status\n\nHost Name          : imp1a\nProduct Ver        : 14.0.1.13900-8\n\n\
        admin:show network eth0\nIP Address   : 10.60.1.11          IP Mask    : 255.255.255.000\n\
        Primary      : 10.60.0.5          Secondary  : Not Configured\n\
        admin:utils diagnose test\ntest - disk_space          : Passed (available: 1 MB, used: 2 MB)\n\
        skip - disk_files          : This module must be run directly and off hours\n\
        test - validate_network    : Reverse DNS lookup failed\nadmin:utils ntp status\n\
        unsynchronised\nadmin:\n";
    assert_eq!(
        all(text),
        [
            "6 imp.setting: section=login banner; name=Processors; value=4; number=4",
            "8 imp.setting: section=login banner; name=Memory; value=8192 Mbytes RAM; number=8192",
            "9 imp.diagnose: test=login banner; result=failed; words=DNS unreachable",
            "13 imp.setting: node=imp1a; section=show status; name=Version; value=14.0.1.13900-8",
            "16 imp.setting: node=imp1a; section=show network eth0; name=IP Address; value=10.60.1.11",
            "17 imp.setting: node=imp1a; section=show network eth0; name=DNS Primary; value=10.60.0.5",
            "19 imp.diagnose: node=imp1a; test=disk_space; result=passed; words=Passed (available: 1 MB, used: 2 MB)",
            "20 imp.diagnose: node=imp1a; test=disk_files; result=skipped; words=This module must be run directly and off hours",
            "21 imp.diagnose: node=imp1a; test=validate_network; result=failed; words=Reverse DNS lookup failed",
            "23 imp.diagnose: node=imp1a; test=ntp status; result=failed; words=unsynchronised",
        ]
    );
}

#[test]
fn tables_are_told_value_by_value() {
    let text = "admin:run sql select name, description from processnode\nname              description \n\
        ================= =========== \nimp1a.apolo.local first node  \nimp1b.apolo.local             \n\nadmin:\n";
    let wanted = |row: usize, column: &str, value: &str| {
        let value = if value.is_empty() {
            String::new()
        } else {
            format!("value={value}; ")
        };
        format!(
            "{} imp.row: statement=run sql select name, description from processnode; column={column}; {value}row={row}; rows=2",
            row + 3
        )
    };
    assert_eq!(
        all(text),
        [
            wanted(1, "name", "imp1a.apolo.local"),
            wanted(1, "description", "first node"),
            wanted(2, "name", "imp1b.apolo.local"),
            wanted(2, "description", ""),
        ]
    );
    let frame = "admin:utils diagnose test\nStarting diagnostic test(s)\n===========================\ntest - raid : Passed\n";
    assert_eq!(all(frame).len(), 1);
}
