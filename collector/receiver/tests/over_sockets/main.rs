//! The receiver as its senders see it: over real sockets, driven with raw HTTP/1.1 and with an HTTP/2 client that knows
//! nothing of gRPC, into an outlet that keeps everything in memory.

mod answers;
mod browsers;
mod clients;
mod floods;
mod house;
mod pressure;
mod secrets;
mod shutdown;
