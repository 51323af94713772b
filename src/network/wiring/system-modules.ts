/**
 * First line of a script of perl(1) that may run as root: modules of the system alone. What lies below /usr/local may belong to a
 * group (perlrun(1), "@INC").
 */
export const SYSTEM_MODULES = 'BEGIN { @INC = grep { m{^/(?:usr/(?:lib|lib64|share)|etc)/} } @INC }';
