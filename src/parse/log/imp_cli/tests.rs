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
        ("State: NORMAL  Reason:  ", "Normal", None),
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
        assert_eq!(
            events[0].first("reason"),
            reason
                .or(row.ends_with(": ").then_some("Normal"))
                .or(row.ends_with(":  ").then_some("Normal")),
            "{row}"
        );
    }
}

#[test]
fn services_are_told_with_their_states() {
    let text = "admin:utils service list\nRequesting service status, please wait...\n\
        System SSH [STARTED]\nA Cisco DB Replicator[NOTRUNNING]\n\
        Cisco XCP Text Conference Manager[STOPPED]  Commanded Out of Service\n\
        Cisco XCP Message Archiver[STOPPED]  Service Not Activated \nCisco Sync Agent[STARTING]\n";
    assert_eq!(
        all(text),
        [
            "3 imp.service: service=System SSH; status=started",
            "4 imp.service: service=A Cisco DB Replicator; status=not-running",
            "5 imp.service: service=Cisco XCP Text Conference Manager; status=stopped; reason=Commanded Out of Service",
            "6 imp.service: service=Cisco XCP Message Archiver; status=not-activated; reason=Service Not Activated",
            "7 imp.service: service=Cisco Sync Agent; status=starting",
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
fn lines_of_others_are_not_ours() {
    for text in [
        "2026-03-02 10:00:00,000 WARN  [main] a.B - Cisco XCP Router [STOPPED]\n",
        "x[ERROR] words\n",
        "[STARTED]\n",
        "Node 1 of 2\n",
        "admin: true\nusers:\n  admin: x\n",
        "Node: imp1a\n",
    ] {
        assert_eq!(ImpCli.probe(text.as_bytes()), Probe::NotForUs, "{text}");
        assert!(read(&ImpCli, text).is_empty(), "{text}");
    }
}
