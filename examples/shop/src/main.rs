//! `shop` starts all three; `shop ROLE` is one of them, as its container runs it.

use std::process::ExitCode;

use shop::{Role, Shop};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1) {
        Some(name) => match Role::named(&name) {
            Some(role) => shop::serve(role).await,
            None => Err(std::io::Error::other(format!("roles are shopfront, products and stock, not {name}"))),
        },
        None => all().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("shop: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn all() -> std::io::Result<()> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let shop = Shop::start(&std::env::current_exe()?, &[], &[("PORT", &port)]).await?;
    for (role, address) in shop.services() {
        println!("listening {} {address}", role.name());
    }
    println!("try curl http://{}/products/lamp", shop.shopfront());
    shop.wait().await
}
