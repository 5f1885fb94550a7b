//! The whole program, from outside: a file per story, each against processes of its own on free ports.

mod access;
mod answers;
mod chains;
mod console;
mod corpus;
mod coverage;
mod crash;
mod damage;
mod disk_full;
mod examples;
mod freezing;
mod freshness;
mod hostile;
mod house_rules;
mod lambda;
mod layer;
mod local;
mod one_process;
mod pages;
mod prices;
mod retries;
mod rust_sdk;
mod sdks;
mod secrets;
mod services;
mod shutdown;
