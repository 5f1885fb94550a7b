//! The function's program: Lambda starts it as `bootstrap`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    checkout::run().await
}
