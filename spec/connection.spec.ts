import { clientCases } from './parts/connection-client.ts';
import { closingCases } from './parts/connection-closing.ts';
import { handshakeCases } from './parts/connection-handshake.ts';
import { loginCases } from './parts/connection-login.ts';
import { silenceCases } from './parts/connection-silence.ts';
import { topic } from './support/suite.ts';

export const connection = topic('connection', 'Connections', (test) => {
  handshakeCases(test);
  loginCases(test);
  clientCases(test);
  silenceCases(test);
  closingCases(test);
});
