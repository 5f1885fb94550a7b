//! The function's program: Lambda starts it as `bootstrap`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    text_to_speech::run().await
}
