//! A word to whoever runs the program, about tracing itself.

/// Through `tracing` when somebody listens there, else on standard error, which Lambda and container platforms keep.
pub(crate) fn report(what: &str) {
    if tracing::enabled!(target: "coldlight", tracing::Level::WARN) {
        tracing::warn!(target: "coldlight", "{what}");
    } else {
        eprintln!("coldlight: {what}");
    }
}
