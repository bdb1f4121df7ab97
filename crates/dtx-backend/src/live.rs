//! Drafts and tournaments as they happen.
//!
//! The database is what counts. A room for each draft and tournament that somebody watches, or
//! whose clock runs, reads it and tells the watchers. So a restart loses nothing, and several
//! processes on one database agree.

mod clock;
mod draft;
mod room;
mod tournament;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use telemetry_core::{UnitOfWork, names};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) use draft::{Command, HEROES, Refusal};
pub(crate) use room::State;

use crate::live::clock::DraftSource;
use crate::live::draft::{LiveDraft, PICKS};
use crate::live::room::Source;
use crate::live::tournament::TournamentSource;
use crate::store::{Store, StoreError};

/// The rooms. Clones share them.
#[derive(Clone)]
pub(crate) struct Live {
    store: Store,
    pick_time: Duration,
    rooms: Arc<Mutex<Rooms>>,
}

#[derive(Default)]
struct Rooms {
    watchers: HashMap<Room, watch::Sender<State>>,
    tasks: JoinSet<()>,
}

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Room {
    Draft(i64),
    Tournament(i64),
}

impl Live {
    /// Makes no room yet. Captains have `pick_time` for each pick.
    pub(crate) fn new(store: Store, pick_time: Duration) -> Self {
        Self {
            store,
            pick_time,
            rooms: Arc::default(),
        }
    }

    /// Watches what is there. The first state may come a moment later, and is empty until then.
    pub(crate) fn watch(&self, room: Room) -> watch::Receiver<State> {
        let mut rooms = self.lock();
        // What has ended.
        while rooms.tasks.try_join_next().is_some() {}
        if let Some(watchers) = rooms.watchers.get(&room) {
            return watchers.subscribe();
        }
        let (watchers, watcher) = watch::channel(State::from(""));
        rooms.watchers.insert(room, watchers.clone());
        match room {
            Room::Draft(id) => {
                let source = DraftSource::new(self.store.clone(), id, self.pick_time);
                self.open(&mut rooms, room, source, watchers);
            }
            Room::Tournament(id) => {
                let source = TournamentSource::new(self.store.clone(), id);
                self.open(&mut rooms, room, source, watchers);
            }
        }
        watcher
    }

    /// Goes on with the drafts that were under way when the program ended.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub(crate) async fn resume(&self) -> Result<(), StoreError> {
        for id in self.store.drafts_under_way(PICKS).await? {
            self.watch(Room::Draft(id));
        }
        Ok(())
    }

    /// The draft as it is now; `None` when there is none of this id.
    pub(crate) async fn draft(&self, id: i64) -> Result<Option<LiveDraft>, StoreError> {
        let stored = self.store.stored_draft(id).await?;
        Ok(stored.map(|stored| LiveDraft::new(stored, self.pick_time)))
    }

    /// Does what a client asks for.
    ///
    /// # Errors
    ///
    /// When the database cannot be used. A command that may not be is no error.
    pub(crate) async fn act(
        &self,
        draft_id: i64,
        user: Option<i64>,
        command: Command,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let Some(draft) = self.draft(draft_id).await? else {
            return Ok(Err(Refusal::Finished));
        };
        match command {
            Command::Start => {
                if let Err(refusal) = draft.check_start(user) {
                    return Ok(Err(refusal));
                }
                if !self.store.begin_draft(draft_id).await? {
                    return Ok(Err(Refusal::HasBegun));
                }
                tracing::info!("draft_started");
            }
            Command::Pick { hero } => {
                let (turn, hero) = match draft.check_pick(user, &hero) {
                    Ok(allowed) => allowed,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let (position, team) = (turn.position, turn.team_id);
                let added = self.store.add_pick(draft_id, position, team, hero, false);
                if !added.await? {
                    // The clock was faster.
                    return Ok(Err(Refusal::NotYourTurn));
                }
                tracing::info!(hero, position, is_automatic = false, "hero_picked");
            }
        }
        Ok(Ok(()))
    }

    /// Ends all rooms.
    pub(crate) async fn close(&self) {
        let mut tasks = std::mem::take(&mut self.lock().tasks);
        tasks.shutdown().await;
    }

    fn open(
        &self,
        rooms: &mut Rooms,
        room: Room,
        source: impl Source,
        watchers: watch::Sender<State>,
    ) {
        // A room belongs to nobody's request.
        let (label, key, id) = match room {
            Room::Draft(id) => ("draft", "draft.id", id),
            Room::Tournament(id) => ("tournament", "tournament.id", id),
        };
        let unit = move || {
            let unit = UnitOfWork::new("refresh_room");
            unit.with_field(names::LABELS, &[label][..])
                .with_field(key, id)
        };
        let live = self.clone();
        let changes = self.store.changes();
        rooms.tasks.spawn(async move {
            room::run(source, watchers, changes, unit, || live.leave(room)).await;
            live.lock().watchers.remove(&room);
        });
    }

    /// Closes a room if nobody watches it: whoever comes later opens another.
    fn leave(&self, room: Room) -> bool {
        let mut rooms = self.lock();
        let is_left = rooms
            .watchers
            .get(&room)
            .is_none_or(watch::Sender::is_closed);
        if is_left {
            rooms.watchers.remove(&room);
        }
        is_left
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("pick_time", &self.pick_time)
            .finish_non_exhaustive()
    }
}
