import join from './join.pl';
import kernel from './kernel.pl';
import start from './start.pl';
import { systemCallWords } from '../host/system-calls.ts';

/** Words of sh(1) that run the program of the environment by perl(1), without what a site adds to that. */
export const PERL = `perl -fe 'eval $ENV{program}; die $@'`;

/** A line of sh(1) that keeps perl(1) from what the environment would have it load or say, perlrun(1). */
export const FORGET_PERL = 'unset PERL5OPT PERL5LIB PERLLIB PERL5DB PERLIO PERL_UNICODE PERL_SIGNALS';

/** The program that makes the inside of a sandbox. The words for it begin with the numbers of the system calls. */
export const START_PROGRAM = `${kernel}\n${start}`;

/** The program that enters one. */
export const JOIN_PROGRAM = `${kernel}\n${join}`;

/** The first word for either program. */
export const NUMBERS = systemCallWords(process.arch);
