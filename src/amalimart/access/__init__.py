"""Who may see what: principals, policies, sign-in. No engine, so a policy is proven without one."""
