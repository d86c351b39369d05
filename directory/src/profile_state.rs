//! The life of a patient's profile (DESIGN §2.5, DOMAIN §6.1): pure, every move dated.

use names::{ProfileState, Timestamp};

use crate::limits::OPPOSITION_TIME;

/// Where a profile stands and since when: the last date of each state it has been in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileLife {
    /// The state last written down. Ask [`ProfileLife::state`] for the one that holds now.
    pub recorded: ProfileState,
    /// When the letter or e-mail with the code was sent.
    pub announced: Option<Timestamp>,
    /// When letters began to be accepted.
    pub created: Option<Timestamp>,
    /// When the patient (or a representative) first used it.
    pub activated: Option<Timestamp>,
    /// When the patient opposed it.
    pub opposed: Option<Timestamp>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// When an announced profile becomes a created one, if nobody opposes; none while the announcement has
    /// not left.
    pub due: Option<Timestamp>,
    /// When a closed profile is erased because its person asked for it.
    pub erase: Option<Timestamp>,
}

/// Something that happens to a profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProfileEvent {
    /// Six weeks have passed without opposition.
    SixWeeksPassed,
    /// The patient activates it with the code.
    Activated,
    /// The patient opposes it with the code, before activation.
    Opposed,
    /// The patient, or support for them, closes it.
    Closed,
    /// An opposition is withdrawn, or a closed profile taken up again.
    Reopened,
}

impl ProfileEvent {
    /// Every event, for tables of tests.
    pub const ALL: [Self; 5] =
        [Self::SixWeeksPassed, Self::Activated, Self::Opposed, Self::Closed, Self::Reopened];
}

/// The event cannot happen in that state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a profile that is {} cannot be: {event:?}", state.code())]
pub struct IllegalMove {
    /// The state that holds now.
    pub state: ProfileState,
    /// What was asked.
    pub event: ProfileEvent,
}

impl ProfileLife {
    /// A profile announced at `now`: six weeks to oppose.
    #[must_use]
    pub fn announced(now: Timestamp) -> Self {
        Self::to_be_announced(now).told(now, OPPOSITION_TIME)
    }

    /// A profile whose announcement has not left yet: no day is counted against somebody who was not told.
    #[must_use]
    pub fn to_be_announced(now: Timestamp) -> Self {
        Self { announced: Some(now), ..Self::blank(ProfileState::Announced) }
    }

    /// This life once its announcement has left at `now`: `opposition` milliseconds to oppose begin, unless
    /// they have begun before.
    #[must_use]
    pub fn told(&self, now: Timestamp, opposition: i64) -> Self {
        match (self.recorded, self.due) {
            (ProfileState::Announced, None) => {
                Self { announced: Some(now), due: Some(now.plus(opposition)), ..self.clone() }
            }
            (ProfileState::Announced, Some(_))
            | (
                ProfileState::Created
                | ProfileState::Activated
                | ProfileState::Opposed
                | ProfileState::Closed,
                _,
            ) => self.clone(),
        }
    }

    /// A profile created at once: a birth, or a new affiliation (DOMAIN §6.1).
    #[must_use]
    pub fn created(now: Timestamp) -> Self {
        Self { created: Some(now), ..Self::blank(ProfileState::Created) }
    }

    /// A profile that entered `state` at `since`, as a seed file says it; earlier dates unknown.
    #[must_use]
    pub fn entered(state: ProfileState, since: Timestamp) -> Self {
        let blank = Self::blank(state);
        match state {
            ProfileState::Announced => Self::announced(since),
            ProfileState::Created => Self { created: Some(since), ..blank },
            ProfileState::Activated => Self { created: Some(since), activated: Some(since), ..blank },
            ProfileState::Opposed => Self { opposed: Some(since), ..blank },
            ProfileState::Closed => Self { created: Some(since), closed: Some(since), ..blank },
        }
    }

    /// The state that holds at `now`: an announced profile is created on day 42 by time alone, so
    /// that no worker has to be awake for a letter to be accepted.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> ProfileState {
        match (self.recorded, self.creation_due()) {
            (ProfileState::Announced, Some(due)) if due <= now => ProfileState::Created,
            (recorded, _) => recorded,
        }
    }

    /// When the state that holds at `now` began.
    #[must_use]
    pub fn since(&self, now: Timestamp) -> Timestamp {
        let date = match self.state(now) {
            ProfileState::Announced => self.announced,
            ProfileState::Created => self.created.or(self.creation_due()),
            ProfileState::Activated => self.activated,
            ProfileState::Opposed => self.opposed,
            ProfileState::Closed => self.closed,
        };
        date.unwrap_or(now)
    }

    /// When an announced profile becomes a created one, if nobody opposes.
    #[must_use]
    pub fn creation_due(&self) -> Option<Timestamp> {
        self.due
    }

    /// This life after `event`.
    pub fn after(&self, event: ProfileEvent, now: Timestamp) -> Result<Self, IllegalMove> {
        use ProfileState::{Activated, Announced, Closed, Created, Opposed};
        let state = self.state(now);
        let mut next = self.clone();
        if state == Created && self.recorded == Announced {
            next.created = self.creation_due();
        }
        if event == ProfileEvent::Reopened {
            next.erase = None;
        }
        next.recorded = match (state, event) {
            (Created, ProfileEvent::SixWeeksPassed) => Created,
            (Announced | Created, ProfileEvent::Activated) => Activated,
            (Announced | Created, ProfileEvent::Opposed) => Opposed,
            (Created | Activated, ProfileEvent::Closed) => Closed,
            (Opposed, ProfileEvent::Reopened) => Created,
            (Closed, ProfileEvent::Reopened) if self.activated.is_some() => Activated,
            (Closed, ProfileEvent::Reopened) => Created,
            (Announced | Activated | Opposed | Closed, ProfileEvent::SixWeeksPassed)
            | (Activated | Opposed | Closed, ProfileEvent::Activated | ProfileEvent::Opposed)
            | (Announced | Opposed | Closed, ProfileEvent::Closed)
            | (Announced | Created | Activated, ProfileEvent::Reopened) => {
                return Err(IllegalMove { state, event });
            }
        };
        match next.recorded {
            Created => next.created = Some(next.created.filter(|_| state == Created).unwrap_or(now)),
            Activated => {
                next.created = next.created.or(Some(now));
                next.activated = Some(now);
            }
            Opposed => next.opposed = Some(now),
            Closed => next.closed = Some(now),
            Announced => {}
        }
        Ok(next)
    }

    fn blank(recorded: ProfileState) -> Self {
        Self {
            recorded,
            announced: None,
            created: None,
            activated: None,
            opposed: None,
            closed: None,
            due: None,
            erase: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use names::{DAY, Timestamp};
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp(1_000 * DAY);

    #[test]
    fn an_announced_profile_is_created_on_day_forty_two_and_not_before() {
        let life = ProfileLife::announced(START);
        assert_eq!(life.state(START.plus(42 * DAY - 1)), ProfileState::Announced);
        assert_eq!(life.state(START.plus(42 * DAY)), ProfileState::Created);
        assert_eq!(life.since(START.plus(90 * DAY)), START.plus(42 * DAY));
        let written = life.after(ProfileEvent::SixWeeksPassed, START.plus(50 * DAY)).unwrap();
        assert_eq!(written.recorded, ProfileState::Created);
        assert_eq!(written.created, Some(START.plus(42 * DAY)));
        assert!(life.after(ProfileEvent::SixWeeksPassed, START.plus(41 * DAY)).is_err());
    }

    #[test]
    fn no_day_counts_against_somebody_who_was_not_told() {
        let life = ProfileLife::to_be_announced(START);
        assert_eq!(
            life.state(START.plus(400 * DAY)),
            ProfileState::Announced,
            "the letter was never printed"
        );
        let told = life.told(START.plus(9 * DAY), OPPOSITION_TIME);
        assert_eq!(told.state(START.plus(51 * DAY - 1)), ProfileState::Announced);
        assert_eq!(told.state(START.plus(51 * DAY)), ProfileState::Created);
        assert_eq!(told.told(START.plus(20 * DAY), OPPOSITION_TIME), told, "told again: no new delay");
        let opposed = told.after(ProfileEvent::Opposed, START.plus(10 * DAY)).unwrap();
        assert_eq!(opposed.told(START.plus(11 * DAY), OPPOSITION_TIME), opposed);
    }

    #[test]
    fn every_state_meets_every_event() {
        use ProfileState::{Activated, Announced, Closed, Created, Opposed};
        let table = [
            (Announced, [None, Some(Activated), Some(Opposed), None, None]),
            (Created, [Some(Created), Some(Activated), Some(Opposed), Some(Closed), None]),
            (Activated, [None, None, None, Some(Closed), None]),
            (Opposed, [None, None, None, None, Some(Created)]),
            (Closed, [None, None, None, None, Some(Created)]),
        ];
        for (state, wanted) in table {
            for (event, want) in ProfileEvent::ALL.into_iter().zip(wanted) {
                let after = ProfileLife::entered(state, START).after(event, START.plus(DAY));
                assert_eq!(after.as_ref().ok().map(|life| life.recorded), want, "{state:?} {event:?}");
                if let Ok(life) = after {
                    assert!(life.since(START.plus(DAY)) <= START.plus(DAY));
                }
            }
        }
    }

    #[test]
    fn a_closed_profile_that_was_used_comes_back_as_used() {
        let life = ProfileLife::created(START).after(ProfileEvent::Activated, START.plus(DAY)).unwrap();
        let life = life.after(ProfileEvent::Closed, START.plus(2 * DAY)).unwrap();
        let life = life.after(ProfileEvent::Reopened, START.plus(3 * DAY)).unwrap();
        assert_eq!((life.recorded, life.activated), (ProfileState::Activated, Some(START.plus(3 * DAY))));
    }

    proptest! {
        #[test]
        fn time_alone_never_undoes_an_opposition_or_a_closing(
            events in proptest::collection::vec(0..5usize, 0..12), later in 0..4000i64,
        ) {
            let mut life = ProfileLife::announced(START);
            for (step, event) in events.into_iter().enumerate() {
                let now = START.plus(step as i64 * 10 * DAY);
                life = life.after(ProfileEvent::ALL[event], now).unwrap_or(life);
            }
            let far = START.plus((120 + later) * DAY);
            match life.recorded {
                ProfileState::Announced => prop_assert_eq!(life.state(far), ProfileState::Created),
                recorded => prop_assert_eq!(life.state(far), recorded),
            }
        }
    }
}
