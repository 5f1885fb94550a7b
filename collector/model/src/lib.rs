//! The vocabulary of coldlight: what a span, a resource, a log record, a trace and a service map *are*.
//!
//! Everything that two rooms tell each other is said in these words: the receiver makes [`Batch`]es of them, the store keeps
//! them and answers with [`Trace`], [`TraceList`] and [`ServiceMap`], the pages render those answers.
//!
//! Not here: protobuf, SQL, HTTP, HTML, async code and the clock. Time is always an argument.

mod alert;
mod batch;
mod cold_course;
mod complete;
mod containers;
mod conventions;
mod dictionary;
mod difference;
mod facts;
pub mod filter;
mod function_course;
mod function_size;
mod histogram;
mod id;
mod invocation_filter;
mod invocation_list;
pub mod lambda;
mod live;
mod log;
mod map;
mod metered;
mod metric;
pub mod money;
mod nearest;
mod node;
mod outcome;
mod queue;
mod remote;
mod resource;
pub mod sampling;
mod saved_query;
mod search;
mod span;
mod spending;
mod status;
mod summary;
mod table;
mod time;
mod trace;
mod trace_cost;
mod tree;
mod value;

pub use alert::{Alert, AlertEvent, AlertOf, AlertState, Delivery, Signal, Standing, Unit, is_told};
pub use batch::{Batch, Busy, BusyReason};
pub use cold_course::{ColdCourse, ColdRoute, IDLE_FROM, InitSplit};
pub use complete::{About, Completion, Known, Suggestion, Vocabulary, complete};
pub use containers::{Containers, Rates, Rung, Task, TaskMoney};
pub use conventions::{ResourceFacts, resource_facts};
pub use dictionary::{Dictionary, Example, Macro, Meaning, View};
pub use difference::{
    Contrast, Difference, Differences, Fact, Heat, HeatBox, HeatCell, Is, Part, Side, Weight, join_same,
};
pub use facts::{SpanFacts, span_facts};
pub use filter::{Comparison, Condition, Filter, Op, Pattern};
pub use function_course::{Called, CourseSlice, Deploy, FunctionCourse, MEMORY_STEPS, OnX86};
pub use function_size::{FunctionSize, RightSize, SIZES_MB, SPARE_PERCENT, right_size};
pub use histogram::{DurationHistogram, bucket_bounds, bucket_of};
pub use id::{Hex, ResourceId, SpanId, TraceId};
pub use invocation_filter::InvocationWord;
pub use invocation_list::{
    InvocationCost, InvocationCursor, InvocationGroup, InvocationGrouping, InvocationList, InvocationSort,
    InvocationSummary, Money, Quantiles,
};
pub use live::{LiveMark, LiveNews, LiveSpan, RunningInvocation};
pub use log::LogRecord;
pub use map::{Bill, Carried, EdgeStats, EntryBin, MapEdge, MapNode, Narrowed, NodeStats, ServiceMap};
pub use metered::MeteredFacts;
pub use metric::MetricPoint;
pub use nearest::nearest;
pub use node::{Node, NodeKind, Way};
pub use outcome::Outcome;
pub use queue::{QueueFlow, QueueState, Waits};
pub use resource::{Resource, Scope, colour_slot};
pub use saved_query::SavedQuery;
pub use search::{SavedSearch, SearchPage};
pub use span::{Event, Kind, Link, Oddities, Span, StatusCode};
pub use spending::{CUSTOMER, Spending, SpendingBy, SpendingGroup, Spent, TEAM};
pub use status::{Listening, ReceiverCounts, RefusalCount, StoreStatus};
pub use summary::{Cursor, Operation, ServiceSummary, TimeBin, TraceHistogram, TraceList, TraceSort, TraceSummary};
pub use table::{Cell, Column, Table};
pub use time::{Nanos, TimeRange, Timestamp};
pub use trace::{Alike, AlikeGroup, LogLine, Rank, SpanDetail, SpanEvent, SpanRef, Trace, TraceSpan};
pub use trace_cost::{Downstream, OwnCost, Split, TraceCost, part_of};
pub use tree::{SpanTree, TreeNode};
pub use value::{Attributes, MAX_DEPTH, Value, push_base64, push_json_string};
