//! The development server: the functions of `api/`, the pages of `public/` and a store, in one process. No part
//! of it is deployed.

pub mod functions;
pub mod options;
pub mod pages;
pub mod run;
pub mod server;
