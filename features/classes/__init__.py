"""Classes of existing micro and small business customers: rules of the policy, applied to what is known of one."""
