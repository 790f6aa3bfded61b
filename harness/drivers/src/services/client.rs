//! The harness's own MQTT client, on a thread of its own.

use super::broker::{BrokerParams, trouble};
use crate::clock::Stopwatch;
use brownout_core::network::{Conn, MqttSeen, Payload, Publication, Traffic};
use brownout_core::port::{PortError, Trouble};
use brownout_ports::{Observed, Watch};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::{ConnectReturnCode, Packet, Publish, SubscribeReasonCode};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, IncomingPacketSizeLimit, MqttOptions, PublishNotice,
    PublishOptions, PublishResult, Transport,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

pub(super) type Answer = oneshot::Sender<Result<(), PortError>>;

/// What the port wants of the thread.
pub(super) enum Order {
    Start(Answer),
    Stop(Answer),
    Check(Answer),
    Publish(Publication, Answer),
}

/// The most bytes of a payload that an event shows.
const SHOWN: usize = 4096;
/// The largest packet that is taken from the broker.
const LARGEST: u32 = 1024 * 1024;
/// How many requests wait for the connection at most.
const WAITING: usize = 64;
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// The thread's side.
pub(super) struct Client {
    pub(super) params: BrokerParams,
    pub(super) watch: Watch,
    pub(super) clock: Arc<Stopwatch>,
}

impl Client {
    pub(super) async fn serve(self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = inbox.recv().await {
            // Whoever asked may be gone.
            match order {
                Order::Check(answer) => {
                    let _ = answer.send(match self.connect().await {
                        Ok((client, events)) => {
                            farewell(&client, events).await;
                            Ok(())
                        }
                        Err(error) => Err(error),
                    });
                }
                Order::Start(answer) => match self.connect().await {
                    Ok((client, events)) => {
                        let _ = answer.send(Ok(()));
                        self.run(&client, events, &mut inbox).await;
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error));
                    }
                },
                Order::Stop(answer) => {
                    let _ = answer.send(Ok(()));
                }
                Order::Publish(_, answer) => {
                    let message = format!("there is no connection to {}", self.params.url);
                    let _ =
                        answer.send(Err(trouble(Trouble::Silent, message, "look why it was lost, above")));
                }
            }
        }
    }

    /// Connects and subscribes, within the time.
    async fn connect(&self) -> Result<(AsyncClient, EventLoop), PortError> {
        let options = self.options()?;
        let built = AsyncClient::builder(options).capacity(WAITING).try_build();
        let (client, mut events) =
            built.map_err(|error| trouble(Trouble::Failed, error.to_string(), "look at the rig file"))?;
        let within = self.params.within.std();
        match tokio::time::timeout(within, self.greet(&client, &mut events)).await {
            Ok(result) => result.map(|()| (client, events)),
            Err(_) => Err(trouble(
                Trouble::Silent,
                format!("{} does not answer, for {} now", self.params.url, self.params.within),
                "is it the right port, and is that one over TLS (mqtts) or not (mqtt)?",
            )),
        }
    }

    async fn greet(&self, client: &AsyncClient, events: &mut EventLoop) -> Result<(), PortError> {
        let mut granted = 0;
        while granted < self.params.topics.len() {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    for topic in &self.params.topics {
                        let asked = client.subscribe(topic.as_str(), QoS::AtLeastOnce).await;
                        asked.map_err(|_| self.unwanted(&format!("`{topic}` is not a topic filter")))?;
                    }
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let refused = answer
                        .return_codes
                        .iter()
                        .find(|code| !matches!(code, SubscribeReasonCode::Success(_)));
                    if let Some(code) = refused {
                        return Err(self.unwanted(&format!("the broker refuses a subscription: {code:?}")));
                    }
                    granted += answer.return_codes.len();
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => self.report(&publish),
                Ok(_) => {}
                Err(error) => return Err(self.lost(&error)),
            }
        }
        Ok(())
    }

    fn unwanted(&self, message: &str) -> PortError {
        trouble(
            Trouble::Denied,
            format!("{}: {message}", self.params.url),
            "look at `topics` in the rig file",
        )
    }

    /// Listens and publishes until it is told to stop, or the connection is lost.
    async fn run(
        &self,
        client: &AsyncClient,
        mut events: EventLoop,
        inbox: &mut mpsc::UnboundedReceiver<Order>,
    ) {
        let stopped = {
            let listening = self.listen(&mut events);
            tokio::pin!(listening);
            loop {
                let order = tokio::select! {
                    error = &mut listening => {
                        self.watch.report(self.clock.now(), Observed::Lost(error));
                        return;
                    }
                    order = inbox.recv() => order,
                };
                match order {
                    None => break None,
                    Some(Order::Stop(answer)) => break Some(answer),
                    Some(Order::Start(answer) | Order::Check(answer)) => {
                        let _ = answer.send(Ok(()));
                    }
                    Some(Order::Publish(message, answer)) => {
                        let lost = tokio::select! {
                            error = &mut listening => Some(error),
                            result = self.publish(client, &message) => {
                                let _ = answer.send(result);
                                continue;
                            }
                        };
                        if let Some(error) = lost {
                            let _ = answer.send(Err(error.clone()));
                            self.watch.report(self.clock.now(), Observed::Lost(error));
                            return;
                        }
                    }
                }
            }
        };
        farewell(client, events).await;
        if let Some(answer) = stopped {
            let _ = answer.send(Ok(()));
        }
    }

    async fn listen(&self, events: &mut EventLoop) -> PortError {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::Publish(publish))) => self.report(&publish),
                Ok(_) => {}
                Err(error) => return self.lost(&error),
            }
        }
    }

    fn report(&self, publish: &Publish) {
        let seen = MqttSeen::Publish {
            conn: Conn(0),
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            payload: Payload(publish.payload.iter().copied().take(SHOWN).collect()),
            qos: publish.qos as u8,
            // What the broker says of its own sending is not what the device said of its.
            dup: false,
            retain: publish.retain,
            id: None,
        };
        self.watch.report(self.clock.now(), Observed::Traffic(Traffic::Mqtt(seen)));
    }

    async fn publish(&self, client: &AsyncClient, message: &Publication) -> Result<(), PortError> {
        let qos = match message.qos {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        };
        let options = PublishOptions::new(qos);
        let options = if message.retain { options.retained() } else { options };
        let failed = |why: String| {
            let message = format!("{}: publishing on `{}`: {why}", self.params.url, message.topic);
            trouble(Trouble::Failed, message, "look at the broker's own log")
        };
        let done = async {
            let asked =
                client.publish_tracked(message.topic.as_str(), message.payload.0.clone(), options).await;
            let notice: PublishNotice = asked.map_err(|error| failed(error.to_string()))?;
            match notice.wait_async().await {
                Ok(PublishResult::Qos2PubRecRejected(refused)) => {
                    Err(failed(format!("refused: {:?}", refused.reason)))
                }
                Ok(_) => Ok(()),
                Err(error) => Err(failed(error.to_string())),
            }
        };
        match tokio::time::timeout(self.params.within.std(), done).await {
            Ok(result) => result,
            Err(_) => Err(failed(format!("not acknowledged within {}", self.params.within))),
        }
    }

    fn options(&self) -> Result<MqttOptions, PortError> {
        let BrokerParams { url, .. } = &self.params;
        let mut options = MqttOptions::new(self.params.client.as_str(), (url.host.as_str(), url.port));
        options
            .set_clean_start(true)
            .set_keep_alive(30)
            .set_connect_timeout(self.params.within.std())
            .set_incoming_packet_size_limit(IncomingPacketSizeLimit::Bytes(LARGEST));
        if url.tls {
            options.set_transport(self.transport()?);
        }
        match (&self.params.user, self.password()?) {
            (Some(user), Some(password)) => {
                options.set_credentials(user.as_str(), password);
            }
            (Some(user), None) => {
                options.set_username(user.as_str());
            }
            (None, Some(password)) => {
                options.set_password(password);
            }
            (None, None) => {}
        }
        Ok(options)
    }

    fn transport(&self) -> Result<Transport, PortError> {
        let mine = match (&self.params.cert, &self.params.key) {
            (Some(cert), Some(key)) => Some((pem("cert", cert)?, pem("key", key)?)),
            (None, None) => None,
            _ => {
                let message = "of `cert` and `key` there is only one";
                return Err(trouble(Trouble::Mismatch, message, "write both into the rig file, or neither"));
            }
        };
        match &self.params.ca {
            Some(ca) => Ok(Transport::tls(pem("ca", ca)?, mine, None)),
            None if mine.is_some() => Err(trouble(
                Trouble::Mismatch,
                "with a certificate of the harness's own the broker's is verified by `ca`, and there is none",
                "write `ca: <file>` into the rig file",
            )),
            None => Transport::try_tls_with_default_config().map_err(|error| {
                trouble(Trouble::Failed, error.to_string(), "write `ca: <file>` into the rig file")
            }),
        }
    }

    /// The password or token, from where the rig file says that it is. It stands in no message.
    fn password(&self) -> Result<Option<Vec<u8>>, PortError> {
        match (&self.params.password_env, &self.params.password_file) {
            (None, None) => Ok(None),
            (Some(name), None) => match std::env::var(name) {
                Ok(password) => Ok(Some(password.into_bytes())),
                Err(_) => Err(trouble(
                    Trouble::Absent,
                    format!("the environment variable `{name}`, which is to hold the password, is not there"),
                    "set it, or name another in `password_env`",
                )),
            },
            (None, Some(path)) => {
                let mut password = read("password_file", path)?;
                while password.last().is_some_and(|last| b"\r\n".contains(last)) {
                    password.pop();
                }
                Ok(Some(password))
            }
            (Some(_), Some(_)) => Err(trouble(
                Trouble::Mismatch,
                "there are both `password_env` and `password_file`",
                "keep one of them in the rig file",
            )),
        }
    }

    /// Why there is no connection, in the words of whoever has to do something about it.
    fn lost(&self, error: &ConnectionError) -> PortError {
        let url = &self.params.url;
        match error {
            ConnectionError::ConnectionRefused(
                code @ (ConnectReturnCode::BadUserNamePassword
                | ConnectReturnCode::NotAuthorized
                | ConnectReturnCode::Banned
                | ConnectReturnCode::BadAuthenticationMethod
                | ConnectReturnCode::ClientIdentifierNotValid
                | ConnectReturnCode::BadClientId),
            ) => trouble(
                Trouble::Denied,
                format!("{url} refuses the credentials: {code:?}"),
                "look at `user`, `password_env` and `client` in the rig file",
            ),
            ConnectionError::ConnectionRefused(code) => {
                trouble(Trouble::Busy, format!("{url} refuses the connection: {code:?}"), "try again later")
            }
            ConnectionError::Tls(error) => trouble(
                Trouble::Mismatch,
                format!("no TLS with {url}: {error}"),
                "`ca` is the certificate (PEM) that has signed the broker's; its name must be the host in `url`",
            ),
            ConnectionError::Timeout(_) => trouble(
                Trouble::Silent,
                format!("{url} does not answer"),
                "is it the right port, and is that one over TLS (mqtts) or not (mqtt)?",
            ),
            ConnectionError::Io(error) => trouble(
                Trouble::Absent,
                format!("{url} cannot be reached: {error}"),
                "is the broker running?",
            ),
            error => trouble(Trouble::Failed, format!("{url}: {error}"), "look at the broker's own log"),
        }
    }
}

/// Says farewell, so that the broker does not wait for the keep-alive time.
async fn farewell(client: &AsyncClient, mut events: EventLoop) {
    let _ = client.disconnect().await;
    // Ends with an error when the connection is closed.
    let closing = async { while events.poll().await.is_ok() {} };
    let _ = tokio::time::timeout(FAREWELL, closing).await;
}

fn read(what: &str, path: &str) -> Result<Vec<u8>, PortError> {
    std::fs::read(path).map_err(|error| {
        let kind = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Trouble::Denied,
            _ => Trouble::Absent,
        };
        let help = "the path is relative to where brownout is started";
        trouble(kind, format!("`{what}`: `{path}` cannot be read: {error}"), help)
    })
}

/// A file of certificates or keys (RFC 7468).
fn pem(what: &str, path: &str) -> Result<Vec<u8>, PortError> {
    let bytes = read(what, path)?;
    let begin = b"-----BEGIN ";
    if bytes.windows(begin.len()).any(|window| window == begin) {
        return Ok(bytes);
    }
    let help = "make one of DER with `openssl x509 -inform der` (a key: `openssl pkey -inform der`)";
    Err(trouble(Trouble::Mismatch, format!("`{what}`: there is nothing in PEM in `{path}`"), help))
}
