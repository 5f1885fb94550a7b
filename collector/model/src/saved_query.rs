//! A question in SQL that somebody kept under a name.

use crate::Timestamp;

/// See the module's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedQuery {
    /// Letters and digits, for addresses; it never changes.
    pub id: String,
    /// As people call it. No two have the same.
    pub name: String,
    pub sql: String,
    pub saved_at: Timestamp,
}
