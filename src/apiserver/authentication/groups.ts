/** Groups that say how somebody is known. */
export const allAuthenticated = 'system:authenticated';
