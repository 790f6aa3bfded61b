//! `broker`: a broker that is not the harness's own. It is listened to, and spoken to; made to misbehave it cannot be.

use super::client::{Client, Order};
use super::url::BrokerUrl;
use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_core::action::Done;
use brownout_core::network::{Misbehaviour, Publication};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Duration;
use brownout_ports::{Services, Watch};
use std::sync::Arc;
use std::thread;
use tokio::sync::{mpsc, oneshot};

brownout_core::record! {
    /// A broker of your own (MQTT 5.0). What the device publishes there is seen, and commands are published there; no fault of
    /// a service can be had of it.
    ///
    /// `broker: {url: 'mqtts://broker.example.com', ca: lab-ca.pem, user: bench, password_env: BROKER_PASSWORD}`
    pub struct BrokerParams {
        /// Where it is.
        url: BrokerUrl = "url",
        /// What is listened to; wildcards as in MQTT.
        topics: Vec<String> = "topics" (NotEmpty) or vec!["#".to_owned()],
        /// The client identifier of the harness. No two benches may use the same one at a broker.
        client: String = "client" (OneLine) or "brownout".to_owned(),
        /// A file with the certificates (PEM) by which the broker's is verified; those of this computer if left out.
        ca: Option<String> = "ca" optional,
        /// A file with the harness's certificate and its chain (PEM), if the broker wants one.
        cert: Option<String> = "cert" optional,
        /// A file with the key (PEM) of that certificate.
        key: Option<String> = "key" optional,
        /// The user name.
        user: Option<String> = "user" optional,
        /// The environment variable that holds the password or token.
        password_env: Option<String> = "password_env" optional,
        /// The file that holds the password or token; a line end behind it does not count.
        password_file: Option<String> = "password_file" optional,
        /// How long connecting and publishing may take.
        within: Duration = "within" (Positive) or Duration::from_secs(10),
    }
}

/// The services port over somebody's broker. Dropping it ends the connection and the thread.
pub(crate) struct Broker {
    url: String,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Broker {
    pub(crate) fn start(params: BrokerParams, watch: Watch, clock: Arc<Stopwatch>) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::unbounded_channel();
        let url = params.url.to_string();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = Client { params, watch, clock };
        let thread = thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || runtime.block_on(client.serve(inbox)))?;
        Ok(Self { url, orders: Some(orders), thread: Some(thread) })
    }

    async fn ask(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), PortError>>) -> Order,
    ) -> Result<(), PortError> {
        let (answer, reply) = oneshot::channel();
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so.
            let _ = orders.send(order(answer));
        }
        let stopped =
            || trouble(Trouble::Failed, "the broker's driver has stopped", "this is a bug in brownout");
        reply.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait(?Send)]
impl Services for Broker {
    async fn start(&self) -> Result<(), PortError> {
        self.ask(Order::Start).await
    }

    async fn stop(&self) -> Result<(), PortError> {
        self.ask(Order::Stop).await
    }

    fn provision(&self) -> Option<Vec<u8>> {
        None
    }

    async fn misbehave(&self, misbehaviour: &Misbehaviour) -> Result<(), PortError> {
        Err(trouble(
            Trouble::Mismatch,
            format!(
                "{} is not the harness's own, and cannot be made to do `{}`",
                self.url, misbehaviour.name
            ),
            "take a rig whose services are virtual for this scenario, or let the link go wrong in its place",
        ))
    }

    async fn behave(&self, _: &str) -> Result<Done, PortError> {
        Ok(Done::Counted { times: 0 })
    }

    async fn publish(&self, message: &Publication) -> Result<(), PortError> {
        let message = message.clone();
        self.ask(move |answer| Order::Publish(message, answer)).await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.ask(Order::Check).await
    }
}

pub(super) fn trouble(trouble: Trouble, message: impl Into<String>, help: impl Into<String>) -> PortError {
    PortError { port: Port::Services, trouble, message: message.into(), help: Some(help.into()) }
}
