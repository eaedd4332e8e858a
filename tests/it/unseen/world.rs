//! A database with rows of all callers, the callers, and the values for their operations.

use praxis::graph::catalog::Catalog;
use praxis::systems;

use crate::harness::{App, clone_database, connect, copy_of, database_url};
use crate::people::populate;
use crate::random::{Pool, Schema};

/// Demo users, who have more rows than the others.
const DEMO: [&str; 9] = [
    "clinician.north@praxis.example",
    "clinician.south@praxis.example",
    "both.sites@praxis.example",
    "network@praxis.example",
    "newcomer@praxis.example",
    "therapist@mindful.example",
    "therapist@riverbank.example",
    "admin@mindful.example",
    "patient@mindful.example",
];

/// The state that all comparisons share.
pub(super) struct World {
    pub(super) catalog: Catalog,
    pub(super) schema: Schema,
    pub(super) pool: Pool,
    pub(super) people: Vec<Person>,
    /// The database that all others are copied from; nobody is connected to it.
    template: String,
}

/// A caller of the comparisons.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) token: Option<String>,
}

impl World {
    pub(super) async fn make() -> Self {
        let template = clone_database().await;
        let catalog = Catalog::new(&systems::ALL).unwrap();
        let app = App::over(&template, |_| {}).await;
        let owner = connect(&database_url("postgres", &template)).await;
        let callers = populate(&app, &owner).await;
        let mut people: Vec<Person> = callers
            .iter()
            .map(|it| Person { name: it.name.to_owned(), id: it.id.clone(), token: it.actor.token.clone() })
            .collect();
        for email in DEMO {
            let id = Some(app.user_id(email).await);
            people.push(Person { name: email.to_owned(), id, token: app.user(email).await.token.clone() });
        }
        let schema = Schema::of(&app.user(DEMO[0]).await).await;
        let mut pool = Pool::of(&owner, &catalog).await;
        for email in DEMO {
            pool.look_as(&app.user(email).await, &catalog, &schema).await;
        }
        drop(owner);
        app.stop().await;
        Self { catalog, schema, pool, people, template }
    }

    /// Creates a copy of the template.
    pub(super) async fn database(&self) -> String {
        copy_of(&self.template).await
    }
}
