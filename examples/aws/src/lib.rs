//! Calls of AWS's services with their spans, as small as the examples need them.
//!
//! Where `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_SQS` and its kin) names an endpoint, calls go there: unsigned, which `coldlight
//! local`, LocalStack and DynamoDB Local take and AWS does not. Where it does not, a stand-in inside the process answers.
//!
//! Not here: what a program of yours does. That uses the AWS SDK with `coldlight::aws::Interceptor`, which makes the same spans.

mod call;
mod client;
mod picture;
mod stand_in;

pub use client::{Aws, AwsError};
pub use picture::Picture;
