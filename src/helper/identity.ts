/**
 * The user for whom root acts: PKEXEC_UID (pkexec(1)), SUDO_UID (sudo(8)), or root itself.
 * Undefined where this process is not root, or where what names the user is no user id, or is two: one of them is not of the
 * program that has started this.
 */
export function callerUid(
  env: Readonly<Record<string, string | undefined>>,
  ownUid: number | undefined,
): number | undefined {
  if (ownUid !== 0) return undefined;
  const named = env.PKEXEC_UID ?? env.SUDO_UID;
  if ((env.SUDO_UID ?? named) !== named) return undefined;
  if (named === undefined) return 0;
  return /^(0|[1-9]\d{0,9})$/.test(named) && Number(named) < 2 ** 32 - 1 ? Number(named) : undefined;
}
