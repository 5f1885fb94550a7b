//! `POST /searches`: names the filter and range of a page; `POST /searches/{id}/delete` forgets it.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use coldlight_model::{SavedSearch, SearchPage};
use coldlight_ui::query::{Link, Query};
use coldlight_ui::shell::search_link;

use super::body;
use super::prefs::{local, see_other};
use crate::access::random_hex;
use crate::clock;
use crate::site::Site;
use crate::wrong::Wrong;

/// A name and an address.
const MAX_FORM: usize = 64 << 10;
/// What says which rows of a list are shown, not which list.
const PASSING: [&str; 4] = ["f", "cursor", "format", "sel"];

pub async fn save(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let body = body::read(request.into_body(), MAX_FORM).await?;
    let form = Query::parse(&String::from_utf8_lossy(&body));
    let search = keep(&site, form.get("name").unwrap_or_default(), form.get("address").unwrap_or_default()).await?;
    Ok(see_other(&search_link(&search).to_string()))
}

/// Keeps the address of a page under a name; another of that name and page gives way.
pub async fn keep(site: &Site, name: &str, address: &str) -> Result<SavedSearch, Wrong> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > SavedSearch::LONGEST_NAME {
        let most = SavedSearch::LONGEST_NAME;
        return Err(Wrong::parameter("name", format!("a saved search has a name of 1 to {most} characters")));
    }
    let address = local(address);
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let page = SearchPage::ALL.into_iter().find(|page| page.path() == path).ok_or_else(|| {
        Wrong::parameter("address", "what can be saved is an address of /map, /traces or /invocations")
    })?;
    let query = Query::parse(query);
    let rest = query.pairs().iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
    let rest = rest.fold(Link::default(), |link, (name, value)| link.with(name, value.clone()));
    let search = SavedSearch {
        id: random_hex().map_err(|error| Wrong::internal("no id could be made", &error))?,
        name: name.to_owned(),
        page,
        filter: query.all("f").collect::<Vec<_>>().join(" ").trim().to_owned(),
        query: rest.query(),
        created_at: clock::now(),
    };
    let _change = site.changing.lock().await;
    let known = site.store.saved_searches().await?;
    let replaces = known.iter().any(|one| one.name == search.name && one.page == page);
    if !replaces && known.len() >= SavedSearch::MOST {
        let most = SavedSearch::MOST;
        return Err(Wrong::parameter("name", format!("{most} searches are saved already; remove one first")));
    }
    site.store.save_search(search.clone()).await?;
    site.read_searches().await?;
    site.copy_what_is_written().await;
    Ok(search)
}

pub async fn delete(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Wrong> {
    let body = body::read(request.into_body(), MAX_FORM).await?;
    let form = Query::parse(&String::from_utf8_lossy(&body));
    forget(&site, id).await?;
    Ok(see_other(&local(form.get("back").unwrap_or("/settings"))))
}

pub async fn forget(site: &Site, id: String) -> Result<(), Wrong> {
    let _change = site.changing.lock().await;
    let was_there = site.store.remove_search(id).await?;
    site.read_searches().await?;
    site.copy_what_is_written().await;
    if was_there { Ok(()) } else { Err(Wrong::not_found("there is no such saved search")) }
}
