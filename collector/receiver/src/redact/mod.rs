//! Secrets, replaced before anything touches the disk.
//!
//! Two rules. By key: what an attribute such as `http.request.header.authorization` or `db.password` holds is replaced whole.
//! By value: within any text, credentials of a URL, the values of signature and password parameters, AWS access keys,
//! JSON Web Tokens and bearer tokens are replaced and the rest of the text is kept. Keys always stay, so that a person
//! sees that something was there.
//!
//! It errs on the side of replacing. It cannot know a secret that looks like any other word: whoever records those
//! must not.

mod keys;
mod parameters;
mod values;

pub(crate) use keys::is_sensitive;
pub(crate) use values::redact;

/// What stands where a secret was.
pub(crate) const REDACTED: &str = "REDACTED";
