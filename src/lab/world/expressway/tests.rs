//! Tests of the Expressway cluster.

use super::*;

const NOW: Millis = 1_790_000_000_000;

fn said(world: &mut Expressway, node: usize, line: &str, now: Millis) -> String {
    world.tick(now);
    let reply = world.command(node, line, now);
    reply.parts.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn the_key_of_a_good_peer_repairs_and_that_of_a_bad_one_spreads() {
    let mut world = Expressway::new(Broken::KeyFile, NOW);
    assert!(said(&mut world, 1, "xStatus Alarm", NOW).contains("40055"));
    said(&mut world, 0, "xCommand ForceSystemKeyUpdate", NOW);
    assert!(!world.truth().repaired);
    world.tick(NOW + KEY_TAKES);
    assert_eq!(
        world.truth(),
        Truth {
            repaired: true,
            harm: Vec::new()
        }
    );

    let mut world = Expressway::new(Broken::KeyFile, NOW);
    said(&mut world, 1, "xcommand forcesystemkeyupdate", NOW);
    let later = NOW + KEY_TAKES;
    for node in 0..3 {
        assert!(said(&mut world, node, "xStatus Alarm", later).contains("40055"));
    }
    assert_eq!(world.truth().harm.len(), 1);
}

#[test]
fn a_configuration_is_copied_from_a_healthy_primary_only() {
    for (broken, node, good) in [
        (Broken::Conflict, 1, true),
        (Broken::Conflict, 0, false),
        (Broken::ConflictSickPrimary, 1, false),
    ] {
        let mut world = Expressway::new(broken, NOW);
        said(&mut world, node, "xCommand ForceConfigUpdate", NOW);
        world.tick(NOW + COPY_TAKES);
        assert_eq!(world.truth().repaired, good, "{broken:?} {node}");
        assert_eq!(world.truth().harm.is_empty(), good, "{broken:?} {node}");
    }
}

#[test]
fn restarts_go_well_in_their_order_only() {
    let mut world = Expressway::new(Broken::Restart, NOW);
    let mut now = NOW;
    for node in 0..2 {
        said(&mut world, node, "xCommand Restart", now);
        now += 3 * SECOND;
        world.tick(now);
        assert_eq!(world.boots(node), None);
        now += RESTART_TAKES;
        world.tick(now);
        assert_eq!(world.boots(node), Some(2));
    }
    assert_eq!(
        world.truth(),
        Truth {
            repaired: true,
            harm: Vec::new()
        }
    );

    let mut world = Expressway::new(Broken::Restart, NOW);
    said(&mut world, 1, "xCommand Restart", NOW);
    world.tick(NOW + RESTART_TAKES);
    assert_eq!(world.truth().harm.len(), 1);
    assert!(world.has(2, INCONSISTENT));

    let mut world = Expressway::new(Broken::Restart, NOW);
    said(&mut world, 0, "xCommand Restart", NOW);
    said(&mut world, 1, "xCommand Restart", NOW + 4 * SECOND);
    assert_eq!(world.truth().harm.len(), 1);
}

#[test]
fn without_peer_addresses_a_restart_resets_the_node() {
    let mut world = Expressway::new(Broken::ResetArmed, NOW);
    let shown = said(
        &mut world,
        1,
        "xConfiguration Alternates Peer 1 Address",
        NOW,
    );
    assert!(
        shown.contains("*c xConfiguration Alternates Peer 1 Address: \"\""),
        "{shown}"
    );
    said(&mut world, 1, "xCommand Restart", NOW);
    world.tick(NOW + RESTART_TAKES);
    assert!(!world.truth().repaired);
    assert!(world.truth().harm[0].contains("factory"));
}

#[test]
fn each_alarm_goes_with_the_command_for_it() {
    for (broken, node, line) in [
        (Broken::KeyFileAlone, 0, "xCommand ForceSystemKeyUpdate"),
        (Broken::H323Off, 0, "xConfiguration H323 Mode: On"),
        (Broken::PeerConfigMissing, 1, "xCommand Restart"),
        (Broken::SyncFailed, 1, "xCommand Boot"),
    ] {
        let mut world = Expressway::new(broken, NOW);
        world.tick(NOW + RESTART_TAKES);
        assert!(!world.truth().repaired, "{broken:?}");
        let now = NOW + RESTART_TAKES;
        assert!(said(&mut world, node, line, now).ends_with("\nOK\n\n"));
        world.tick(now + RESTART_TAKES + SECOND);
        let good = Truth {
            repaired: true,
            harm: Vec::new(),
        };
        assert_eq!(world.truth(), good, "{broken:?}");
    }
}

#[test]
fn separated_peers_join_again_when_all_have_restarted_primary_first() {
    let mut world = Expressway::new(Broken::Split, NOW);
    for node in 0..3 {
        assert!(world.has(2, DATABASE_LINK), "{node}");
        let now = NOW + 2 * RESTART_TAKES * Millis::try_from(node).unwrap();
        said(&mut world, node, "xCommand Restart", now);
        world.tick(now + RESTART_TAKES + SECOND);
    }
    let good = Truth {
        repaired: true,
        harm: Vec::new(),
    };
    assert_eq!(world.truth(), good);
}

#[test]
fn a_separated_subordinate_that_restarts_first_takes_control_with_old_data() {
    let mut world = Expressway::new(Broken::Split, NOW);
    said(&mut world, 1, "xCommand Restart", NOW);
    world.tick(NOW + RESTART_TAKES + SECOND);
    assert!(!world.truth().repaired);
    assert!(world.truth().harm[0].contains("old data"));
    assert!(world.has(1, DATABASE_LINK) && world.has(0, INCONSISTENT));
}

#[test]
fn answers_end_as_the_product_ends_them() {
    let mut world = Expressway::new(Broken::Restart, NOW);
    for (line, end) in [
        ("xStatus", "\nOK\n\n"),
        ("xStatus Alternates", "\nOK\n\n"),
        ("xConfiguration H323 Mode", "\nOK\n\n"),
        ("xCommand Ping Hostname: 10.15.13.16", "\nOK\n\n"),
        ("xCommand Ping Hostname: 10.15.13.99", "\nERROR\n\n"),
        ("xConfiguration Nothing", "\nERROR\n\n"),
        ("ls", "\nERROR\n\n"),
        ("xCommand DefaultValuesSet Level: 3", "\nERROR\n\n"),
    ] {
        let text = said(&mut world, 0, line, NOW);
        assert!(text.ends_with(end), "{line}: {text}");
    }
}
