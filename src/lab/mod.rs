//! Simulated clusters that speak the appliances' command lines over real SSH.
