import './limits.ts';
import './all-limits.ts';
import './helper.ts';
import './lacking.ts';
import './forbidden.ts';
import './confinement.ts';
import './loaders.ts';
import './labs.ts';
