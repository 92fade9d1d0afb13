use super::*;
use crate::parse::testing::read;

fn all(text: &str) -> Vec<String> {
    let events = read(&ImpPage, text);
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
fn values_stand_anywhere_behind_their_labels() {
    let wanted = "imp.setting: section=Group Chat and Persistent Chat; name=Enable Persistent Chat; value=false; enabled=false";
    for text in [
        "Enable Persistent Chat\tfalse\n",
        "Enable Persistent Chat: false\n",
        "Enable persistent chat *   false\n",
        "Enable Persistent Chat\nfalse\n",
        "Enable Persistent Chat:\n\n  false\n",
        "영구 채팅 활성화\tfalse\n",
        "Habilitar chat persistente: false\n",
    ] {
        assert_eq!(all(text), [format!("1 {wanted}")], "{text}");
    }
    assert_eq!(
        all(
            "Server: imp1a.apolo.local--CUCM IM and Presence (Active)\nInter Cluster Peer Periodic Sync Interval (mins)*\t1500\t30\n"
        ),
        [
            "2 imp.setting: node=imp1a.apolo.local; section=Cisco Intercluster Sync Agent; \
          name=Inter Cluster Peer Periodic Sync Interval (mins); value=1500; number=1500"
        ]
    );
}

#[test]
fn services_of_pages_are_told_by_the_names_of_the_product() {
    for (line, name, status) in [
        (
            "Cisco XCP Text Conference Manager\tStarted",
            "Cisco XCP Text Conference Manager",
            "started",
        ),
        (
            "Cisco XCP 텍스트 전화회의 관리자\t시작됨",
            "Cisco XCP Text Conference Manager",
            "started",
        ),
        (
            "Cisco AXL 웹 서비스: 실행 중이 아님",
            "Cisco AXL Web Service",
            "not-running",
        ),
        ("Cisco Sync Agent    Stopped", "Cisco Sync Agent", "stopped"),
        (
            "Cisco XCP Router\tNot Running\tDeactivated",
            "Cisco XCP Router",
            "not-activated",
        ),
    ] {
        let events = read(&ImpPage, line);
        assert_eq!(events[0].first("service"), Some(name), "{line}");
        assert_eq!(events[0].first("status"), Some(status), "{line}");
    }
    for line in [
        "Cisco XCP Router",
        "Cisco XCP Router is Started",
        "Start the Cisco XCP Router: then wait",
        "Cisco Something Else\tStarted",
    ] {
        assert!(all(line).is_empty(), "{line}");
    }
}

#[test]
fn rows_of_the_troubleshooter_are_told() {
    let text = "Inter-clustering Troubleshooter\nTest Description\tOutcome\tProblem\tSolution\n\
        Verify that the peers are reachable\t✗\tPeer imp2a is not reachable\tCheck the address\n\
        Verify certificates\t✓\t\t\nVerify users\t\t\t\n\nother words\ta\tb\n";
    assert_eq!(
        all(text),
        [
            "3 imp.troubleshooter: section=Inter-clustering Troubleshooter; test=Verify that the peers are reachable; \
             result=bad; problem=Peer imp2a is not reachable; solution=Check the address",
            "4 imp.troubleshooter: section=Inter-clustering Troubleshooter; test=Verify certificates; result=good",
            "5 imp.troubleshooter: section=Inter-clustering Troubleshooter; test=Verify users; result=good",
        ]
    );
}

#[test]
fn databases_and_who_uses_them_are_told() {
    let text = "Presence Redundancy Group\tNode\tExternal Database\tHostname\tDatabase Type\tVersion\n\
        DefaultCluster\timp1a\ttcmadb\tDB1.apolo.local\tPostgres\t9.6\n\
        DefaultCluster\timp1b\t\t\t\t\n";
    assert_eq!(
        all(text),
        [
            "2 imp.database: node=imp1a; subcluster=DefaultCluster; name=tcmadb; type=postgresql; \
             host=DB1.apolo.local; version=9.6; instance=db1.apolo.local/tcmadb; assigned=true",
            "3 imp.database: node=imp1b; subcluster=DefaultCluster; assigned=false",
        ]
    );
}

#[test]
fn lists_of_peers_are_counted() {
    assert_eq!(
        all("Inter-cluster Peers (1 - 31 of 31)\n"),
        ["1 imp.peer: peers=31"]
    );
    for line in ["Phones (1 - 31 of 31)", "Inter-cluster Peers of 31 kinds"] {
        assert!(all(line).is_empty(), "{line}");
        assert_eq!(ImpPage.probe(line.as_bytes()), Probe::NotForUs);
    }
}

#[test]
fn states_of_a_redundancy_group_are_told_with_the_other_node() {
    let page = "High Availability\n\
        Monitored Server\tAssigned Users\tActive Users\tServer State\tReason\tServerAction\n\
        imp1a\t100\t0\tFailed Over with Critical Services not Running\tCritical Service Down\tFallback\n\
        imp1b\t100\t200\tRunning in Backup Mode\tCritical Service Down\t\n\
        \n\
        imp1c\t0\t0\tNormal\tNormal\t\n";
    assert_eq!(
        all(page),
        [
            "3 imp.ha: node=imp1a; state=Failed Over with Critical Services Not Running; \
             reason=Critical Service Down; peer=imp1b; peer_state=Running in Backup Mode; \
             peer_reason=Critical Service Down",
            "4 imp.ha: node=imp1b; state=Running in Backup Mode; reason=Critical Service Down; \
             peer=imp1a; peer_state=Failed Over with Critical Services Not Running; \
             peer_reason=Critical Service Down",
        ]
    );
    let alone =
        "Server  Server State  Reason\nimp1a  Running in Backup Mode  Peer Down\nimp1b  up  \n";
    assert_eq!(
        all(alone),
        ["2 imp.ha: node=imp1a; state=Running in Backup Mode; reason=Peer Down"]
    );
    assert!(all("Server\tState\tComment\nweb-3\trunning\tfine\n").is_empty());
}
