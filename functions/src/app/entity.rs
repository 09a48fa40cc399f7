//! Creating, reading, changing and deleting entities ([`crate::store::entity`]).
//!
//! A change applies to the version that was read ([`super::change`]); with `If-Match` the caller names that version. A
//! change under an idempotency key leaves a mark, which identifies it if it is repeated.

use serde::de::DeserializeOwned;
use shared::Code;
use shared::ids::{MerchantId, RandomId};
use shared::order_network::merge::Members;
use shared::order_network::problem::Violation;

use super::change::{Change, Decision, Outcome, carry_out, overtaken};
use super::precondition::Versions;
use crate::refusal::Refusal;
use crate::store::cause::Versioned;
use crate::store::entity::{Created, Entity, Limit, Stored};
use crate::store::{StoreError, Table};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'t> {
    pub(crate) merchant: &'t MerchantId,
    /// As given in the path.
    pub(crate) id: &'t str,
    /// The acceptable versions (`If-Match`).
    pub(crate) versions: Option<&'t Versions>,
}

impl Target<'_> {
    /// Reads the entity; deleted ones and those of other merchants are not found.
    pub(crate) async fn read<E: Entity>(&self, table: &Table) -> Result<Stored<E>, Refusal> {
        self.there(self.stored(table).await?)
    }

    /// Changes the entity; an edit without effect is not written.
    pub(crate) async fn change<E: Entity>(
        &self,
        table: &Table,
        action: &str,
        edit: impl Fn(&Stored<E>) -> Result<E, Refusal>,
    ) -> Result<Stored<E>, Refusal> {
        match carry_out(table, &Edit { target: self, action, is_deletion: false, edit }).await? {
            Outcome::Gone(_) => Err(self.not_found::<E>()),
            Outcome::Repeated(stored) => self.there(Some(stored)),
            Outcome::Kept(stored) | Outcome::Written(stored) => Ok(stored),
            Outcome::Overtaken => Err(overtaken(E::NAME)),
        }
    }

    /// Deletes the entity. Its log stays.
    pub(crate) async fn delete<E: Entity>(&self, table: &Table) -> Result<(), Refusal> {
        let edit = |stored: &Stored<E>| Ok(stored.tombstone().unwrap_or_else(|| stored.value.clone()));
        match carry_out(table, &Edit { target: self, action: "Delete", is_deletion: true, edit }).await? {
            Outcome::Gone(false) => Err(self.not_found::<E>()),
            // The response to our own deletion was lost, or another request deleted it at the same time.
            Outcome::Gone(true) | Outcome::Repeated(_) | Outcome::Kept(_) | Outcome::Written(_) => Ok(()),
            Outcome::Overtaken => Err(overtaken(E::NAME)),
        }
    }

    pub(crate) fn not_found<E: Entity>(&self) -> Refusal {
        Refusal::not_found(E::NAME, "id", self.id)
    }

    /// The entity or its tombstone.
    async fn stored<E: Entity>(&self, table: &Table) -> Result<Option<Stored<E>>, StoreError> {
        match E::Id::read(self.id) {
            Some(id) => table.read(self.merchant, &id).await,
            None => Ok(None),
        }
    }

    fn there<E: Entity>(&self, stored: Option<Stored<E>>) -> Result<Stored<E>, Refusal> {
        stored.filter(|stored| !stored.is_deleted()).ok_or_else(|| self.not_found::<E>())
    }
}

/// An entity with members that a body may repeat but not change.
pub(crate) trait Fixed: Entity + 'static {
    const FIXED: &[FixedMember<Self>];
}

/// The name of a member, and a function that compares it with JSON: it returns `None` if they are equal, and otherwise
/// the current value for a message, such as "has the id `x`".
pub(crate) type FixedMember<E> = (&'static str, Comparison<E>);
type Comparison<E> = fn(&Stored<E>, &str) -> Option<String>;

/// The fixed members that a body repeats.
#[derive(Clone, Debug)]
pub(crate) struct Repeated<E: Entity>(Vec<(&'static str, Comparison<E>, String)>);

impl<E: Fixed> Repeated<E> {
    pub(crate) fn of(document: &Members) -> Self {
        let repeated = E::FIXED.iter().filter_map(|(name, compare)| Some((*name, *compare, document.get(name)?.get())));
        let repeated = repeated.filter(|(.., json)| *json != "null");
        Self(repeated.map(|(name, compare, json)| (name, compare, json.to_owned())).collect())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A violation for each member that differs from the entity's.
    pub(crate) fn violations(&self, stored: &Stored<E>) -> Vec<Violation> {
        let differing = |(name, compare, json): &(&str, Comparison<E>, String)| {
            let message = format!("stays as it is: the {} {}", E::NAME, compare(stored, json)?);
            Some(Violation::new(Code::NotUpdatable, format!("/{name}"), message, None))
        };
        self.0.iter().filter_map(differing).collect()
    }

    pub(crate) fn check(&self, stored: &Stored<E>) -> Result<(), Refusal> {
        match self.violations(stored) {
            violations if violations.is_empty() => Ok(()),
            violations => Err(Refusal::invalid(violations)),
        }
    }
}

/// Returns the message for a [`FixedMember`] unless the JSON equals the stored value.
pub(crate) fn unless_same<T: PartialEq + DeserializeOwned>(
    stored: &T,
    json: &str,
    message: impl FnOnce() -> String,
) -> Option<String> {
    let is_same = serde_json::from_str::<T>(json).is_ok_and(|sent| sent == *stored);
    (!is_same).then(message)
}

struct Edit<'e, F> {
    target: &'e Target<'e>,
    action: &'e str,
    is_deletion: bool,
    edit: F,
}

impl<E: Entity, F: Fn(&Stored<E>) -> Result<E, Refusal>> Change<Stored<E>> for Edit<'_, F> {
    type Kept = Stored<E>;
    type Next = Stored<E>;
    type Error = Refusal;

    async fn read(&self, table: &Table) -> Result<Option<Stored<E>>, StoreError> {
        self.target.stored(table).await
    }

    fn decide(&self, table: &Table, found: Stored<E>) -> Result<Decision<Stored<E>, Stored<E>>, Refusal> {
        let found = self.target.there(Some(found))?;
        let value = (self.edit)(&found)?;
        // After the edit: an invalid body is rejected as such, whatever the version.
        Versions::require(self.target.versions, E::NAME, found.version)?;
        if value == found.value && !self.is_deletion {
            return Ok(Decision::Keep(found));
        }
        let cause = table.change(self.action, 0, &found);
        let next = found.next(value, cause, table.context.now());
        Ok(Decision::Write(next.version, next))
    }

    async fn write(&self, table: &Table, next: &Stored<E>) -> Result<bool, StoreError> {
        if self.is_deletion { table.delete(next).await } else { table.replace(next).await }
    }
}

/// Creates an entity with a new id. If the id is taken, the same request created it before: under its idempotency key,
/// or by a write whose response was lost.
pub(crate) async fn create<E: Entity>(table: &Table, merchant: &MerchantId, value: E) -> Result<Stored<E>, Refusal> {
    let now = table.accepted_at();
    // A retry under the same idempotency key draws the same id.
    let (id, cause) = (E::Id::from_random(table.bytes(E::NAME, 0)?), table.creation(0));
    let new = Stored { merchant: merchant.clone(), id, version: 1, created_at: now, updated_at: now, cause, value };
    match (table.create(&new).await?, E::LIMIT) {
        (Created::New, _) => Ok(new),
        (Created::TooMany, Some(Limit { max, code, .. })) => {
            let message = format!("a merchant has at most {max} {}s: delete one first", E::NAME);
            Err(Refusal::new(code, message))
        }
        _ if table.is_retry() => Ok(new),
        _ => match table.read::<E>(merchant, &new.id).await? {
            Some(found) if found.is_written_by(table.request_id.as_deref(), 1) => Ok(new),
            _ => Err(Refusal::rule(Code::TryAgain)),
        },
    }
}
