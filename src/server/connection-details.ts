import type { ConnectionDetails, ConnectionState } from '../broker/connections.ts';
import type { Traffic } from '../broker/counts.ts';
import type { FieldTable } from '../wire/table.ts';
import type { Alarms } from './alarms.ts';
import type { Peer, Session } from './handshake.ts';
import type { Input } from './input.ts';
import type { Intake } from './intake.ts';
import type { Output } from './output.ts';

/** What is fixed once a session is open. */
export function detailsOf(peer: Peer, session: Session, connectedAt: number): ConnectionDetails {
  const { name, host = '', port = 0, peerHost = '', peerPort = 0, tls } = peer;
  const { mechanism, limits, clientProperties } = session;
  const place = { name, host, port, peerHost, peerPort, tls };
  return { ...place, mechanism, ...limits, clientProperties, connectedAt };
}

export function stateOf(intake: Intake, alarms: Alarms): ConnectionState {
  if (intake.isBlocked) return 'blocked';
  if (alarms.isRaised) return 'blocking';
  return intake.isPaused ? 'flow' : 'running';
}

export function trafficOf({ receivedOctets, reads }: Input, { sentOctets, writes }: Output): Traffic {
  return { receivedOctets, sentOctets, reads, writes };
}

/** What the client calls its connection; undefined when it does not say. */
export function connectionName(clientProperties: FieldTable): string | undefined {
  const name = clientProperties.get('connection_name');
  return name?.tag === 'S' ? name.value.toString('utf8') : undefined;
}
