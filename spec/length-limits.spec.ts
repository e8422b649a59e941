import { boundaries } from './parts/length-limits-boundaries.ts';
import { dropHead } from './parts/length-limits-drop-head.ts';
import { rejectPublish } from './parts/length-limits-reject-publish.ts';
import { topic } from './support/suite.ts';

export const lengthLimits = topic('length-limits', 'Length limits', (test) => {
  boundaries(test);
  dropHead(test);
  rejectPublish(test);
});
