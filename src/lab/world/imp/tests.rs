//! Tests of the IM and Presence cluster.

use super::*;

const NOW: Millis = 1_790_000_000_000;

fn said(world: &mut Imp, node: usize, line: &str, now: Millis) -> String {
    world.tick(now);
    let reply = world.command(node, line, now);
    reply.parts.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn a_restart_of_the_router_brings_everything_back_and_a_stop_does_not() {
    let mut world = Imp::new(Broken::Router, NOW);
    said(&mut world, 0, "utils service restart Cisco XCP Router", NOW);
    let list = said(&mut world, 0, "utils service list", NOW + SECOND);
    assert!(list.contains("Cisco XCP Router[STARTING]"), "{list}");
    assert!(
        list.contains("Cisco XCP Text Conference Manager[STARTING]"),
        "{list}"
    );
    world.tick(NOW + MINUTE);
    assert_eq!(
        world.truth(),
        Truth {
            repaired: true,
            harm: Vec::new()
        }
    );

    let mut world = Imp::new(Broken::Router, NOW);
    said(&mut world, 0, "utils service stop Cisco XCP Router", NOW);
    said(&mut world, 0, "utils service start Cisco XCP Router", NOW);
    let list = said(&mut world, 0, "utils service list", NOW + MINUTE);
    assert!(list.contains("Cisco XCP Router[STARTED]"), "{list}");
    assert!(
        list.contains("Cisco XCP Text Conference Manager[STOPPED]"),
        "{list}"
    );
    assert_eq!(world.truth().harm.len(), 1);
}

#[test]
fn a_stopped_service_starts() {
    let mut world = Imp::new(Broken::Chat, NOW);
    let line = "utils service start Cisco XCP Text Conference Manager";
    assert!(said(&mut world, 1, line, NOW).contains("[STARTING]"));
    assert!(!world.truth().repaired);
    world.tick(NOW + START_TAKES);
    assert!(world.truth().repaired);
    let never = said(
        &mut world,
        1,
        "utils service start Cisco XCP Message Archiver",
        NOW,
    );
    assert!(never.contains("Not Activated"), "{never}");
    assert!(said(&mut world, 1, "utils service start Cisco Nothing", NOW).contains("invalid"));
}

#[test]
fn users_go_back_only_to_a_node_that_can_serve_them() {
    let mut world = Imp::new(Broken::FailedOver, NOW);
    let text = said(&mut world, 1, "utils ha fallback imp1a.apolo.local", NOW);
    assert!(text.contains("Request SUCCESSFUL."), "{text}");
    assert!(
        text.contains("imp1a State: Taking Back Reason: On Admin Request"),
        "{text}"
    );
    world.tick(NOW + MOVE_TAKES);
    assert_eq!(
        world.truth(),
        Truth {
            repaired: true,
            harm: Vec::new()
        }
    );
    assert!(said(&mut world, 0, "utils ha fallback imp1a", NOW + MOVE_TAKES).contains("UNSUCC"));

    let mut world = Imp::new(Broken::FailedOverAgain, NOW);
    world.collected(NOW);
    assert!(said(&mut world, 0, "utils service list", NOW).contains("Engine[STOPPED]"));
    assert!(said(&mut world, 0, "utils ha fallback imp1a", NOW).contains("UNSUCCESSFUL"));
    assert_eq!(world.truth().harm.len(), 1);
}

#[test]
fn a_failover_by_hand_moves_users_and_a_fallback_brings_them_back() {
    let mut world = Imp::new(Broken::Chat, NOW);
    said(
        &mut world,
        1,
        "utils service start Cisco XCP Text Conference Manager",
        NOW,
    );
    let mut now = NOW + MINUTE;
    said(&mut world, 0, "utils ha failover imp1b", now);
    now += MOVE_TAKES;
    let status = said(&mut world, 0, "utils ha status DefaultCluster", now);
    assert!(status.contains("imp1b State: Idle"), "{status}");
    assert!(
        status.contains("imp1a State: Running in Backup Mode"),
        "{status}"
    );
    said(&mut world, 0, "utils ha fallback imp1b", now);
    world.tick(now + MOVE_TAKES);
    assert!(world.truth().repaired);
}

#[test]
fn a_group_begins_anew_once_its_services_run() {
    let mut world = Imp::new(Broken::FailedMode, NOW);
    said(&mut world, 0, "utils ha recover DefaultCluster", NOW);
    world.tick(NOW + MOVE_TAKES);
    assert!(world.truth().repaired);

    let mut world = Imp::new(Broken::ServiceDown, NOW);
    said(&mut world, 0, "utils ha recover DefaultCluster", NOW);
    assert_eq!(world.truth().harm.len(), 1);
    said(
        &mut world,
        0,
        "utils service start Cisco Presence Engine",
        NOW,
    );
    let status = said(&mut world, 0, "utils ha status", NOW + START_TAKES);
    assert!(
        status.contains("imp1a State: Failed Over Reason"),
        "{status}"
    );
}

#[test]
fn the_sync_completes_after_a_restart_of_its_agent() {
    let mut world = Imp::new(Broken::Sync, NOW);
    let line = "utils service restart Cisco Intercluster Sync Agent";
    said(&mut world, 0, line, NOW);
    world.tick(NOW + START_TAKES + SYNC_TAKES);
    assert!(world.truth().repaired);
    let log = world.nodes[0].log.tail(1);
    assert!(log.contains("Periodic sync completed"), "{log}");
}

#[test]
fn a_restart_of_the_system_is_asked_for() {
    let mut world = Imp::new(Broken::Router, NOW);
    let asked = world.command(0, "utils system restart", NOW);
    assert!(matches!(asked.end, super::super::End::Ask(_)));
    world.answered(0, "utils system restart", "n", NOW);
    world.tick(NOW + MINUTE);
    assert_eq!(world.boots(0), Some(1));
    world.answered(0, "utils system restart", "y", NOW + MINUTE);
    world.tick(NOW + 2 * MINUTE);
    assert_eq!(world.boots(0), None);
}
