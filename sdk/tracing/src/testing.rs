//! The receiver of the integration tests, for unit tests.

#[expect(dead_code, reason = "the integration tests ask more of it")]
#[path = "../tests/claims/receiver.rs"]
pub(crate) mod receiver;
