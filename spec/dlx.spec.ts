import { arriving, surviving } from './parts/dlx-arriving.ts';
import { declaring, permitting } from './parts/dlx-declaring.ts';
import { dying } from './parts/dlx-dying.ts';
import { keeping } from './parts/dlx-keeping.ts';
import { losing } from './parts/dlx-losing.ts';
import { matchingHeaders, routing } from './parts/dlx-routing.ts';
import { topic } from './support/suite.ts';

export const dlx = topic('dlx', 'Dead-lettering', (test) => {
  declaring(test);
  permitting(test);
  dying(test);
  losing(test);
  routing(test);
  matchingHeaders(test);
  surviving(test);
  arriving(test);
  keeping(test);
});
