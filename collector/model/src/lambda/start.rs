//! How an invocation began: in an environment that was there, or in a new one, and whether somebody waited for it.

/// The kinds of start. Who was not told apart is not guessed: [`StartKind::Cold`] is a first invocation of which nobody knows
/// whether its caller waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartKind {
    Warm,
    /// The caller waited for the init.
    Felt,
    /// The init had been made ahead of need.
    Proactive,
    /// The init ran inside the invocation, after a crash or timeout; its time is in the duration.
    Suppressed,
    /// The environment was kept ready.
    Provisioned,
    /// From a SnapStart snapshot; the caller waited for the restore.
    Restored,
    /// On a managed instance.
    Managed,
    Cold,
}

impl StartKind {
    pub const ALL: [Self; 8] = [
        Self::Warm,
        Self::Felt,
        Self::Proactive,
        Self::Suppressed,
        Self::Provisioned,
        Self::Restored,
        Self::Managed,
        Self::Cold,
    ];

    /// The word in SQL, addresses and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Felt => "felt",
            Self::Proactive => "proactive",
            Self::Suppressed => "suppressed",
            Self::Provisioned => "provisioned",
            Self::Restored => "restored",
            Self::Managed => "managed",
            Self::Cold => "cold",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn is_cold(self) -> bool {
        self != Self::Warm
    }

    /// What the word means, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Warm => "The environment was there already.",
            Self::Felt => "The environment was made for this invocation, and its caller waited for the init.",
            Self::Proactive => {
                "The environment had been made ahead of need: nobody waited, the init is billed all the same."
            }
            Self::Suppressed => {
                "The init ran again inside the invocation, after a crash or timeout: its time is in the duration."
            }
            Self::Provisioned => "First invocation of an environment of provisioned concurrency: nobody waited.",
            Self::Restored => "The environment was restored from a SnapStart snapshot, and the caller waited for that.",
            Self::Managed => "First invocation of an environment on a managed instance: nobody waited.",
            Self::Cold => "First invocation of its environment; whether its caller waited, nobody said.",
        }
    }
}
