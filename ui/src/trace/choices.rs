//! What the trace page lets one choose between, with the words of addresses and labels.

/// How the trace is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Waterfall,
    Flame,
    Map,
    Table,
    Logs,
}

impl View {
    pub const ALL: [Self; 5] = [Self::Waterfall, Self::Flame, Self::Map, Self::Table, Self::Logs];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waterfall => "waterfall",
            Self::Flame => "flame",
            Self::Map => "map",
            Self::Logs => "logs",
            Self::Table => "table",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Waterfall => "Waterfall",
            Self::Flame => "Flame",
            Self::Map => "Map",
            Self::Logs => "Logs",
            Self::Table => "Table",
        }
    }
}

/// What the table of operations is sorted by, the most first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    Own,
    Critical,
    Total,
    Count,
    Most,
}

impl By {
    pub const ALL: [Self; 5] = [Self::Own, Self::Critical, Self::Total, Self::Count, Self::Most];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Critical => "critical",
            Self::Total => "total",
            Self::Count => "count",
            Self::Most => "max",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Own => "Self time",
            Self::Critical => "Critical path",
            Self::Total => "Total",
            Self::Count => "Count",
            Self::Most => "Max",
        }
    }
}

/// What the critical path leads up to: the root's end, the last end of all, or nothing is marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Until {
    #[default]
    Response,
    Completion,
    Off,
}

impl Until {
    pub const ALL: [Self; 3] = [Self::Response, Self::Completion, Self::Off];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Completion => "completion",
            Self::Off => "off",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Response => "Response",
            Self::Completion => "Completion",
            Self::Off => "Off",
        }
    }
}

/// A part of the panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Span,
    Attributes,
    Events,
    Logs,
    Links,
    Raw,
}

impl Tab {
    pub const ALL: [Self; 6] = [Self::Span, Self::Attributes, Self::Events, Self::Logs, Self::Links, Self::Raw];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Attributes => "attributes",
            Self::Events => "events",
            Self::Logs => "logs",
            Self::Links => "links",
            Self::Raw => "raw",
        }
    }

    /// As on the tab.
    pub fn label(self) -> &'static str {
        match self {
            Self::Span => "Span",
            Self::Attributes => "Attributes",
            Self::Events => "Events",
            Self::Logs => "Logs",
            Self::Links => "Links",
            Self::Raw => "JSON",
        }
    }
}
