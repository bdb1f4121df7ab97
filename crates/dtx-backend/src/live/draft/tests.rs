//! Whose turn it is, and what may not be.

use super::*;

const PICK_TIME: Duration = Duration::from_secs(30);
const FIRST: Option<i64> = Some(1);
const SECOND: Option<i64> = Some(2);

fn draft(started: bool, picked: &[&str]) -> LiveDraft {
    let team = |id, captain_id| DraftTeam {
        id,
        name: format!("team {id}"),
        captain_id,
    };
    let picks = picked.iter().enumerate().map(|(index, hero)| Pick {
        position: index as i64 + 1,
        team_id: 10 + index as i64 % 2,
        hero: (*hero).to_owned(),
        is_automatic: false,
        picked_at: Timestamp::now(),
    });
    let stored = StoredDraft {
        id: 5,
        tournament_id: 3,
        teams: [team(10, 1), team(11, 2)],
        started_at: started.then(Timestamp::now),
        picks: picks.collect(),
    };
    LiveDraft::new(stored, PICK_TIME)
}

#[test]
fn captains_pick_in_turn_until_each_has_five_heroes() {
    for picked in 0..PICKS {
        let draft = draft(true, &HEROES[..picked]);
        let turn = draft.turn.unwrap();
        assert_eq!(draft.phase, Phase::Running);
        assert_eq!(turn.position, picked as i64 + 1);
        let (captain, other) = if picked % 2 == 0 {
            (FIRST, SECOND)
        } else {
            (SECOND, FIRST)
        };
        assert_eq!(draft.check_pick(captain, "zeus").unwrap().1, "Zeus");
        let refusal = draft.check_pick(other, "Zeus").unwrap_err();
        assert_eq!(refusal, Refusal::NotYourTurn);
    }
    let draft = draft(true, &HEROES[..PICKS]);
    assert_eq!(draft.phase, Phase::Finished);
    let refusal = draft.check_pick(FIRST, "Zeus").unwrap_err();
    assert_eq!(refusal, Refusal::Finished);
    assert_eq!(draft.heroes.len(), HEROES.len() - PICKS);
}

#[test]
fn a_hero_is_picked_once() {
    let draft = draft(true, &["Axe", "Io"]);
    let refusal = |hero| draft.check_pick(FIRST, hero).unwrap_err();
    assert_eq!(refusal("Io"), Refusal::Taken);
    assert_eq!(refusal("Roshan"), Refusal::UnknownHero);
    assert!(!draft.heroes.contains(&"Axe"));
}

#[test]
fn captains_alone_begin_a_draft_and_once() {
    let waiting = draft(false, &[]);
    for user in [None, Some(3)] {
        let refusal = waiting.check_start(user).unwrap_err();
        assert_eq!(refusal, Refusal::NotACaptain);
        let refusal = waiting.check_pick(user, "Axe").unwrap_err();
        assert_eq!(refusal, Refusal::NotACaptain);
    }
    let refusal = waiting.check_pick(FIRST, "Axe").unwrap_err();
    assert_eq!(refusal, Refusal::NotBegun);
    waiting.check_start(SECOND).unwrap();
    let running = draft(true, &[]);
    assert_eq!(running.check_start(FIRST).unwrap_err(), Refusal::HasBegun);
}
